"""A summary without this machine: no paths, no names of host and user, no token.

Only what the harness and its user say is cleaned; texts of data sets and answers are no part of it.
"""

from __future__ import annotations

import getpass
import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import get_token

from harness.concealed import LEAST, concealed, secrets
from harness.errors import InputError
from harness.exports.plain import finite
from harness.hub.errors import redact
from harness.records import Summary

PATH = re.compile(
    r"""(?<![\w.:/\\~-])(?:file://)?(?:~|[A-Za-z]:)?[/\\](?:[^\s/\\'"<>|:*?`,;]+[/\\])+([^\s/\\'"<>|:*?`,;)]*)"""
)
USUAL = {
    "root",
    "user",
    "users",
    "home",
    "admin",
    "runner",
    "ubuntu",
    "debian",
    "localhost",
    "main",
}
"""Names of hosts and users that say nothing, and may be words."""


@dataclass(frozen=True)
class Machine:
    """What is not to be published of this machine."""

    home: str
    names: tuple[str, ...]
    """Of the host and the user."""
    token: str | None

    @classmethod
    def here(cls) -> Machine:
        """This machine, and who is logged in."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):  # no such user in this container
            user = ""
        names = tuple(
            name for name in (socket.gethostname(), user) if len(name) > 3 and name not in USUAL
        )
        return cls(str(Path.home()), names, get_token())


def cleaned(summary: Summary, machine: Machine) -> Summary:
    """The summary without paths and names of the machine; of a path its last part is left."""
    kept = _named(summary)
    names = [name for name in machine.names if name not in kept]
    data = _walk(finite(summary.model_dump(mode="json", by_alias=True)), machine.home, names)
    against = clean_text(summary.unproven, machine.home, names)
    return Summary.model_validate(data).model_copy(update={"unproven": against})


def _named(summary: Summary) -> set[str]:
    """Names that a suite gives: they are meant to be read."""
    return {*summary.models, *summary.tasks, str(summary.suite.get("name"))}


def _walk(value: Any, home: str, names: list[str]) -> Any:
    if isinstance(value, str):
        return clean_text(value, home, names)
    if isinstance(value, Mapping):
        return {clean_text(key, home, names): _walk(of, home, names) for key, of in value.items()}
    return [_walk(of, home, names) for of in value] if isinstance(value, list) else value


def clean_text(text: str, home: str, names: list[str]) -> str:
    """A text without absolute paths (their last part is left), without these names, without secrets."""
    if "/" in text or "\\" in text:
        if len(home) > 1:
            text = re.sub(rf"{re.escape(home)}(?![\w-]|\.\w)", "~", text)
        text = PATH.sub(lambda match: match[1] or "~", text)
    for name in names:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "[name]", text)
    return concealed(redact(text))


def refuse_leaks(files: Mapping[str, bytes], machine: Machine) -> None:
    """Looks through every byte before it goes out.

    Raises:
        InputError: a file holds the home folder or a token, which the cleaning should have found.
    """
    for path, held in _leaks(files, machine):
        raise InputError(
            f"{path} holds {held} and is not published",
            "Look at it with --dry-run --show, and take it out of the suite or the results.",
        )


def _leaks(files: Mapping[str, bytes], machine: Machine) -> Iterator[tuple[str, str]]:
    home = machine.home.encode()
    held = [secret for secret in secrets() if len(secret) >= LEAST]
    for path, data in files.items():
        if len(home) > 1 and re.search(re.escape(home) + rb"[/\\]", data):
            yield path, "the path of your home folder"
        if machine.token and machine.token.encode() in data:
            yield path, "your token"
        if any(secret.encode(errors="replace") in data for secret in held):
            yield path, "what an environment variable of yours keeps secret"
        if re.search(rb"\bhf_[A-Za-z0-9]{20,}", data):
            yield path, "what looks like a token of the Hub"
