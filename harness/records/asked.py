"""What a cell's prompts were as texts: what a served model and one that runs here can have alike."""

from __future__ import annotations

from harness.records.base import Record

ASKED = "asked"
"""The key in a cell's details that holds an `AskedTexts`."""

NOT_ASKED = "not_asked"
"""The key in a cell's details that says why what its task asks is not for this model."""


class AskedTexts(Record):
    """Texts that were asked, and how many tokens whoever answered made of them."""

    sha256: str
    """Of all texts with their choices and what ends an answer; no template's marks that a server adds."""
    tokens: int | None = None
    """Of all prompts; None where a server does not count."""
    longest_tokens: int | None = None
    """Of the prompt of most characters."""
