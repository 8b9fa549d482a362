"""What a fine-tuning gained and lost: the model before and after, on what it learned and on what it did not."""

from __future__ import annotations

from pydantic import Field

from harness.records.base import Record
from harness.records.comparisons import Comparison


class Forgetting(Record):
    """One fine-tuning, or adapter of others, against the model that it was made from."""

    model: str
    baseline: str
    learned: list[str] = Field(default_factory=list)
    """Tasks whose data it learned; all others are untouched by it, unless it was trained elsewhere."""
    elsewhere: bool = False
    """It is an adapter that was trained elsewhere: what it learned is not known."""
    rows: list[Comparison] = Field(default_factory=list)
    """The headline metric of every task that both were asked, without examples."""
    left_out: dict[str, str] = Field(default_factory=dict)
    """By task why it was not asked: what it asks is not for this model."""
