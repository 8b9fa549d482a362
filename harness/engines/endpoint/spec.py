"""Where a served model is asked, and the key that opens it, which never leaves this process."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, cast
from urllib.parse import urlsplit

from harness.concealed import LEAST, without
from harness.engines.endpoint.remembered import Remembering
from harness.engines.endpoint.spending import Purse
from harness.errors import EndpointError

API = Literal["chat", "completions"]
Scoring = Literal["auto", "echo", "first_token", "constrained", "parsed"]
T = TypeVar("T")


@dataclass(frozen=True)
class EndpointSpec:
    """Plain data that says which server to ask for which model, and how patiently.

    Attributes:
        url: of the API, without a slash at its end.
        model: as the server calls it.
        key: the environment variable that holds the API key; "" for none.
        api: messages, or texts that are continued.
        concurrency: requests side by side.
        timeout: seconds that a request may take in all.
        retries: how often a request is sent again that failed or broke off.
        patience: seconds without any answer after which nothing more is asked.
        purse: what it costs, and how much may be spent; None where nobody says what it costs.
        memory: where answers are remembered; None where each request is to be sent.
        scoring: the only way in which choices may be told; `auto` for the first that holds.
        authorities: certificates (PEM) of those that are trusted beside the system's.
    """

    url: str
    model: str
    key: str = ""
    api: API = "chat"
    concurrency: int = 4
    timeout: float = 120.0
    retries: int = 5
    patience: float = 120.0
    purse: Purse | None = None
    memory: Remembering | None = None
    scoring: Scoring = "auto"
    authorities: str = ""

    @property
    def host(self) -> str:
        """With the port, where one is named."""
        return urlsplit(self.url).netloc

    @property
    def is_here(self) -> bool:
        """Whether it is this machine, which no proxy stands before."""
        return urlsplit(self.url).hostname in ("127.0.0.1", "localhost", "::1")

    def secret(self) -> str:
        """The API key; "" where none is wanted.

        Raises:
            EndpointError: the variable is not set, or holds what no header can.
        """
        if not self.key:
            return ""
        found = os.environ.get(self.key, "").strip()
        if not found:
            raise EndpointError(
                f"The environment variable {self.key}, which is to hold the key for {self.host}, is not set",
                f"Set it and run again: export {self.key}=…",
            )
        if not found.isascii() or not found.isprintable():
            raise EndpointError(
                f"What the environment variable {self.key} holds cannot be a key: it has signs that "
                "no header takes",
                "Set it anew.",
            )
        return found


def withheld(secret: str, found: T) -> T:
    """What a server answered, without the key in any text of it.

    A shorter key than `LEAST` is no secret (servers of one's own take "none" and "EMPTY"), and may be a word.
    """
    return cast(T, _withheld(secret, found)) if len(secret) >= LEAST else found


def _withheld(secret: str, found: Any) -> Any:
    if isinstance(found, str):
        return without(secret, found)
    if isinstance(found, Mapping):
        return {_withheld(secret, key): _withheld(secret, one) for key, one in found.items()}
    if isinstance(found, list | tuple):
        return type(found)(_withheld(secret, one) for one in found)
    if is_dataclass(found) and not isinstance(found, type):
        texts = {
            field.name: _withheld(secret, getattr(found, field.name)) for field in fields(found)
        }
        return replace(found, **texts)
    return found
