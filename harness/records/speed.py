"""What stands behind the figures of a timed cell."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from harness.records.base import Record, Value


class SpeedRound(Record):
    """One process that timed a model: `round-1.json`, written when all its samples were."""

    key: str
    """The cell's."""
    number: int
    samples: int
    started: datetime
    seconds: float
    """How long timing took, warm-ups included, loading not."""
    load_seconds: float
    engine: dict[str, Any]
    settings: dict[str, Any]
    """What the engine was set to for timing."""
    footprint: dict[str, int]
    memory_bytes_per_second: float
    cache_bytes: int
    """The size of the last-level cache; 0 where it is not known."""
    encoded_tokens: int
    encode_seconds: float
    cores: int
    others_cores: float
    """How many of the cores were busy on average with something else while this was timed."""
    machine: dict[str, Any] = Field(default_factory=dict)
    """That it was timed on, as `Summary.machine`; nothing where an older version timed."""


class SpeedFigures(Record):
    """One shape that was timed, over all rounds."""

    phase: Literal["prefill", "decode"]
    tokens: int
    batch_size: int
    depth: int
    headline: bool
    tokens_per_second: Value
    """The rate of all sequences together."""
    spread: float | None
    """Standard deviation of the repetitions, relative to their mean."""
    repetitions: list[list[float]]
    """Tokens per second, round by round."""
    p50_seconds: Value
    """The median wait for the first token (prefill) or between tokens (decode), sampling included."""
    p90_seconds: Value
    p99_seconds: Value
    step_bytes: int | None = None
    """What a decode step has to read: weights, keys and values."""
    limit_tokens_per_second: float | None = None
    """What memory allows, if everything is read from it."""
    share: float | None = None
    """The share of that limit that was reached; None where the last-level cache holds it all, or so much of
    it that the limit does not hold."""


class SpeedWarning(Record):
    """Something that makes a timing less sure, and what to do about it."""

    kind: Literal["spread", "busy", "short", "machines"]
    message: str
    """A text that says where, and how much: "decode varied by 7.1% (CV)"."""
    remedy: str


class SpeedDetails(Record):
    """What stands behind the metrics of a timed cell."""

    shapes: list[SpeedFigures]
    settings: dict[str, Any]
    started: list[datetime]
    """When each round began."""
    load_seconds: list[float]
    memory_bytes_per_second: float
    cache_bytes: int
    warnings: list[SpeedWarning]
