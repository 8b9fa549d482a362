"""What was read of a data set, and what was left out of it."""

from __future__ import annotations

from pydantic import Field

from harness.records.base import Record


class LeftOutRows(Record):
    """Rows that were left out for one reason."""

    reason: str
    rows: int
    places: list[str] = Field(default_factory=list)
    """The first few, as `file:line`."""


class TooLong(Record):
    """Examples that no model was asked, since they are longer than the context of one."""

    rows: int
    of: int
    """How many were drawn."""
    models: dict[str, int]
    """How many of them are too long for the models of each lineage, by the name of its root."""
    contexts: dict[str, int | None]
    """Tokens of each context."""


class DataReading(Record):
    """What was read of a data set or of instructions, and what was left out."""

    name: str
    files: list[str]
    """Their names."""
    read: dict[str, int]
    """Rows of each part of the source, before any was left out."""
    left_out: list[LeftOutRows] = Field(default_factory=list)
    parts: dict[str, int]
    """Rows of train, test and perhaps validation, as they are used."""
    labels: dict[str, dict[str, int]] = Field(default_factory=dict)
    """By part, rows of each label; empty where answers are free text."""
    warnings: list[str] = Field(default_factory=list)
    """What looks wrong, each without a full stop."""
    notes: list[str] = Field(default_factory=list)
    """What need not be mended."""

    @property
    def rows(self) -> int:
        """All that were read."""
        return sum(self.read.values())

    @property
    def rows_left_out(self) -> int:
        """All that were left out."""
        return sum(one.rows for one in self.left_out)
