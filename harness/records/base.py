"""What all records share, and the figure that most of them hold."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from harness.errors import legible

Approximate = Literal["few", "uneven", "alike", "rare-labels", "repeated", "rounds", "queued"]
"""Why an interval may hold the truth less often than it says (docs/statistics.md has the figures): few
examples; few of them make most of the spread; all gave the same; few examples of a label; the same prompt
many times; few rounds, which are taken to be normal; requests that waited for one another, so that few of
them are independent."""


class Record(BaseModel):
    """A frozen record that refuses unknown keys, and numbers that are none: NaN is not JSON, and no figure."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", allow_inf_nan=False)


class Value(Record):
    """A figure and its interval (`Summary.confidence`, two-sided). None where there is none.

    `n` counts what the figure was made of where that is something else than the cell's examples:
    the waits for a token that a percentile is taken of.

    `approximate` is None where the interval holds the truth about as often as it says.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    approximate: Approximate | None = None


class Failure(Record):
    """Why a cell or a step failed: for the person who can mend it."""

    kind: str
    message: Annotated[str, AfterValidator(legible)]
    hint: Annotated[str, AfterValidator(legible)] = ""


def is_finite(data: Any) -> bool:
    """Whether plain data holds no NaN and no infinity, however deep."""
    if isinstance(data, float):
        return math.isfinite(data)
    if isinstance(data, dict):
        return all(map(is_finite, data.values()))
    return not isinstance(data, list | tuple) or all(map(is_finite, data))
