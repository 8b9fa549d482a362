"""What of a suite lies on the Hub: told from folders and files by its form and by what is there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.suite.lineage import resolve

_REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_FILE = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*/(?:[\w.-]+/)*[\w.-]+\.gguf")


@dataclass(frozen=True)
class HubLocation:
    """A repo on the Hub, or a file of one, at a revision."""

    what: Literal["weights", "adapter", "gguf"]
    repo: str
    revision: str
    file: str = ""
    """`org/repo/path`; empty for a whole model."""


def is_repo(text: str) -> bool:
    """Whether this has the form of a repo's name, `org/name`."""
    return _REPO.fullmatch(text) is not None


def hub_place(
    what: Literal["weights", "adapter", "gguf"], text: str, revision: str | None, folder: Path
) -> HubLocation | None:
    """The place on the Hub that a suite's text names; None where it names a path.

    A folder or file that is there goes before the Hub.

    Args:
        what: is looked for.
        text: `org/repo`, or `org/repo/file.gguf`.
        revision: a branch, tag or commit; None for `main`.
        folder: what the suite's relative paths start from.
    """
    if resolve(text, folder).exists():
        return None
    if what == "gguf":
        if not _FILE.fullmatch(text):
            return None
        return HubLocation(what, "/".join(text.split("/")[:2]), revision or "main", text)
    if not _REPO.fullmatch(text):
        return None
    return HubLocation(what, text, revision or "main")
