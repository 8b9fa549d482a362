"""How often an interval holds the truth: worlds whose truth is known, asked many times.

Each world (`worlds`, `wide_worlds`) draws one cell (or two that are paired) of n examples and gives the
harness's own intervals of it. Resampling weights are drawn anew every few trials and shared by the
figures of those, as the harness shares them among the figures of a suite by its seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.analysis.bootstrapped import bootstrap_interval, share_above, woodruff
from harness.analysis.intervals import Interval
from harness.analysis.paired import unchanged
from harness.analysis.resampling import DifferenceStatistic
from harness.metrics.quantile import PooledQuantile
from harness.metrics.statistic import FloatArray, Statistic
from harness.records import Sample

CONFIDENCE = 0.95
TRIALS_A_DRAW = 20
"""Trials that share their resampling weights."""


@dataclass(frozen=True)
class Found:
    """One interval of one trial, and what it should hold."""

    truth: float
    interval: Interval


Drawn = Mapping[str, Found]
Trial = Callable[[np.random.Generator, int, FloatArray], Drawn]


@dataclass(frozen=True)
class Coverage:
    """How often the truth lay below, within and above the intervals of one figure."""

    trials: int = 0
    below: int = 0
    above: int = 0
    none: int = 0
    marked: int = 0
    """Intervals that the harness says are approximate."""

    @property
    def share(self) -> float:
        """Of the intervals that were given, those that held the truth."""
        return 1 - (self.below + self.above) / (self.trials - self.none)

    @property
    def marked_share(self) -> float:
        """Of the intervals that were given, those that are said to be approximate."""
        return self.marked / (self.trials - self.none)

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(
            self.trials + other.trials,
            self.below + other.below,
            self.above + other.above,
            self.none + other.none,
            self.marked + other.marked,
        )

    @classmethod
    def of(cls, found: Found) -> Coverage:
        """Of one trial."""
        low, high = found.interval.low, found.interval.high
        if low is None or high is None:
            return cls(1, none=1)
        marked = int(found.interval.approximate is not None)
        return cls(1, int(found.truth < low), int(found.truth > high), marked=marked)


def simulate(trial: Trial, n: int, trials: int, resamples: int, seed: int) -> dict[str, Coverage]:
    """Asks a world `trials` times; figures by name."""
    rng = np.random.default_rng(seed)
    counted: dict[str, Coverage] = {}
    for weights in _weights(rng, n, trials, resamples):
        for name, found in trial(rng, n, weights).items():
            counted[name] = counted.get(name, Coverage()) + Coverage.of(found)
    return counted


def _weights(rng: np.random.Generator, n: int, trials: int, resamples: int) -> Iterator[FloatArray]:
    weights = np.empty((0, n))
    for number in range(trials):
        if resamples and number % TRIALS_A_DRAW == 0:
            drawn = rng.integers(0, n, size=(resamples, n)) + n * np.arange(resamples)[:, None]
            counts = np.bincount(drawn.ravel(), minlength=resamples * n)
            weights = counts.reshape(resamples, n).astype(np.float64)
        yield weights


def interval_of(statistic: Statistic, weights: FloatArray) -> Interval:
    if isinstance(statistic, PooledQuantile):
        return woodruff(statistic, share_above(statistic)(weights), CONFIDENCE)
    return bootstrap_interval(statistic, statistic(weights), CONFIDENCE)


def paired_interval(pair: DifferenceStatistic, weights: FloatArray, reach: float) -> Interval:
    """As a comparison has it: with a width where not one answer changed."""
    found = interval_of(pair, weights)
    if found.low == found.high == 0.0:
        return unchanged(pair.documents, (1 + CONFIDENCE) / 2, reach)
    return found


def sample(
    id: str = "",
    target: str | None = None,
    answer: str | None = None,
    scores: dict[str, float] | None = None,
    data: dict[str, Any] | None = None,
) -> Sample:
    """A sample that nobody checks: millions are made, and pydantic's checks would take hours."""
    return Sample.model_construct(
        _fields_set=set(),
        key="",
        index=0,
        id=id,
        prompt="",
        target=target,
        answer=answer,
        scores=scores or {},
        data=data or {},
    )
