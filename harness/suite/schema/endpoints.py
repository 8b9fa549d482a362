"""Where a served model answers, any server that speaks OpenAI's API, and how servers are asked."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from harness.suite.schema.entry import Entry
from harness.suite.schema.prices import Prices, Spending

Scoring = Literal["auto", "echo", "first_token", "constrained", "parsed"]
"""How labels and letters of a served model are told."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Requested(Entry):
    """How a server is asked."""

    scoring: Scoring = Field(
        "auto",
        description="How labels and letters are told. echo: by the log-probabilities of all their tokens. "
        "first_token: by that of the token that an answer begins with. constrained: written where "
        "nothing else may be. parsed: written, and read. auto: the first of these that holds. Any "
        "other fails where it does not hold.",
    )
    concurrency: int = Field(4, ge=1, le=256, description="Requests side by side.")
    timeout: float = Field(120.0, gt=0, description="Seconds that a request may take in all.")
    retries: int = Field(
        5, ge=0, description="How often a request is sent again that failed or broke off."
    )
    patience: float = Field(
        120.0,
        ge=0,
        description="Seconds without any answer, waits included, after which a cell gives up; what "
        "was answered is kept. A server that asks to wait (429, `Retry-After`) is heard within it.",
    )


class Endpoint(Requested):
    """A model that a server runs, and how it is asked."""

    url: str = Field(
        description="Address of the API, such as http://127.0.0.1:8080/v1; `/chat/completions` follows it."
    )
    model: str = Field(min_length=1, description="What the server calls the model.")
    key: str | None = Field(
        None,
        description="Name of the environment variable that holds the API key. The key itself is "
        "written nowhere.",
    )
    api: Literal["auto", "chat", "completions"] = Field(
        "auto",
        description="chat: messages, put through the server's own template. completions: texts that "
        "are continued, whose labels are scored where the server gives log-probabilities that "
        "hold. auto: chat where the server has it.",
    )
    authorities: str | None = Field(
        None,
        description="File (PEM) of the authorities whose certificates are trusted, for servers of one's "
        "own, relative to the suite file. Default: the system's.",
    )

    prices: Prices | None = Field(
        None,
        description="What the provider asks per million tokens. Without it what the model costs is not "
        "known, and is never taken for nothing.",
    )
    spending: Spending | None = Field(
        None, description="How much may be spent on this model, in the currency of its prices."
    )

    @model_validator(mode="after")
    def _a_limit_of_what_is_known(self) -> Endpoint:
        if self.spending is None:
            return self
        if self.prices is None:
            raise ValueError(
                "`spending` limits what is paid, and nobody says what this model costs: give it `prices`"
            )
        if self.spending.currency not in (None, self.prices.currency):
            raise ValueError(
                f"`spending` is in {self.spending.currency}, and the prices are in "
                f"{self.prices.currency}; amounts of two currencies are never added"
            )
        return self

    @field_validator("url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            whole = False
        if not whole:
            raise ValueError("an address begins with http:// or https:// and names a host")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError(
                "an address holds no user, password, query or fragment; a key stands in an "
                "environment variable that `key` names"
            )
        return url.rstrip("/")

    @field_validator("key")
    @classmethod
    def _a_variable(cls, key: str | None) -> str | None:
        if key is not None and not _VARIABLE.fullmatch(key):
            raise ValueError(
                "this names an environment variable, such as OPENAI_API_KEY, and never holds the key "
                "itself"
            )
        return key
