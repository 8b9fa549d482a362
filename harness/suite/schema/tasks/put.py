"""How a task's examples are put to a model, where the suite says so."""

from __future__ import annotations

from typing import Literal

from harness.suite.schema.entry import Entry


class Put(Entry):
    """How examples are put; None leaves it to the data set and to the chat template."""

    system: str | None = None
    """The system message."""
    shots_as: Literal["turns", "text"] | None = None
    prompt: str | None = None
    """The words, with {text} where the example goes."""
    answer_with: Literal["letters", "texts"] | None = None
    """Of questions that have choices of their own."""
