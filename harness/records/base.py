"""What all records share, and the figure that most of them hold."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A frozen record that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Value(Record):
    """A figure and its interval (`Summary.confidence`, two-sided). None where there is none.

    `n` counts what the figure was made of where that is something else than the cell's examples:
    the waits for a token that a percentile is taken of.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None


class Failure(Record):
    """Why a cell or a step failed: for the person who can mend it."""

    kind: str
    message: str
    hint: str = ""
