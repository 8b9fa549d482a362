"""What a model wrote on prompts of the user's own."""

from __future__ import annotations

from harness.records.base import Record


class WrittenText(Record):
    """One prompt's text, and what was counted of it."""

    text: str
    thought: str | None = None
    """What the model wrote for itself before it; None where there was none."""
    tokens: int
    """The tokens that were written, those of the thought among them."""
    truncated: bool
    """Whether the limit of new tokens cut it, or its thought."""
    repetition: float


class WrittenDetails(Record):
    """All that a cell wrote: its texts by the prompts' ids."""

    mode: str
    """`chat`: asked through the chat template; `plain`: as text to be continued."""
    texts: dict[str, WrittenText]
