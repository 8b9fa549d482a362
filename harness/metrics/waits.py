"""Waits as metrics: the median of each, and how long the longest tenth and hundredth are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from harness.metrics.metric import Metric
from harness.metrics.statistic import FloatArray
from harness.records import Sample

WaitKind = Literal["median", "tail", "percentile"]
LEVELS = (
    ("", "median", "Half of the waits are shorter.", 0.5),
    ("p90_", "90th percentile", "One in ten is longer.", 0.9),
    ("p99_", "99th percentile", "One in a hundred is longer, if there are so many.", 0.99),
)


def wait_metrics(
    name: str,
    label: str,
    explanation: str,
    rounds: Callable[[Sequence[Sample]], list[FloatArray]],
    *,
    kinds: tuple[WaitKind, WaitKind],
    format: str,
) -> tuple[Metric, ...]:
    """The metrics of one wait, in milliseconds.

    Args:
        name: that each begins with, such as `ttft`.
        label: of the wait.
        explanation: what is waited for.
        rounds: the waits of what was measured, in seconds.
        kinds: of figure that the middle is, and that the others are.
        format: of its milliseconds.
    """
    return tuple(
        Metric(
            name=f"{name}_{level}seconds",
            label=f"{label}, {nth}",
            unit="ms",
            higher_is_better=False,
            measures="cost",
            kind=kinds[bool(level)],
            format=format,
            factor=1000.0,
            explanation=f"{explanation} {part}",
            rounds=rounds,
            level=share,
        )
        for level, nth, part, share in LEVELS
    )
