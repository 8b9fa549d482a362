"""Resampling whole documents, fast enough that every figure can have an interval.

A resample of n documents is a row of n weights: how often each was drawn. Every metric of the
harness is a function of such a row (`harness.metrics.statistic`). The same form gives the bootstrap,
the jackknife and the permutation test, for one cell and for two cells that are resampled together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.metrics.statistic import WEIGHTS_AT_ONCE, FloatArray, Statistic, SumStatistic


@dataclass(frozen=True, eq=False)
class DifferenceStatistic:
    """Candidate minus baseline, both resampled by the same documents."""

    baseline: Statistic
    candidate: Statistic

    @property
    def documents(self) -> int:
        return self.baseline.documents

    @property
    def smooth(self) -> bool:
        return self.baseline.smooth and self.candidate.smooth

    def __call__(self, weights: FloatArray) -> FloatArray:
        difference: FloatArray = self.candidate(weights) - self.baseline(weights)
        return difference


def observed(statistic: Statistic) -> float:
    """The figure itself: every document counts once."""
    if statistic.documents == 0:
        return float("nan")
    return float(statistic(np.ones((1, statistic.documents)))[0])


def bootstrap(statistic: Statistic, rng: np.random.Generator, resamples: int) -> FloatArray:
    """The figure over documents drawn with replacement (resamples,)."""
    drawn = _drawn_weights(statistic.documents, rng, resamples)
    return np.concatenate([statistic(weights) for weights in drawn])


def jackknife(statistic: Statistic) -> FloatArray:
    """The figure with each document left out once (documents,)."""
    if isinstance(statistic, SumStatistic):
        return statistic.left_out()
    if isinstance(statistic, DifferenceStatistic):
        return jackknife(statistic.candidate) - jackknife(statistic.baseline)
    n = statistic.documents
    rows = max(1, WEIGHTS_AT_ONCE // n)
    parts = []
    for start in range(0, n, rows):
        left_out = np.arange(start, min(start + rows, n))
        weights = np.ones((len(left_out), n))
        weights[np.arange(len(left_out)), left_out] = 0.0
        parts.append(statistic(weights))
    return np.concatenate(parts)


def pseudo_values(statistic: Statistic) -> FloatArray:
    """What each document adds to a smooth figure (documents,), which is their mean: Tukey's.

    Of a mean they are the values themselves. Empty where the figure is not smooth, or does not exist
    without some document.
    """
    if not statistic.smooth:
        return np.empty(0)
    left_out = jackknife(statistic)
    found = observed(statistic) + (len(left_out) - 1) * (left_out.mean() - left_out)
    return found if np.isfinite(found).all() else np.empty(0)


def swapped_differences(both: Statistic, rng: np.random.Generator, resamples: int) -> FloatArray:
    """Differences (resamples,) when each example's two answers are swapped by a fair coin.

    `both` is the figure over the baseline's documents followed by the candidate's, paired by
    position. Under the null hypothesis that the two models are exchangeable on every example,
    the observed difference is one of these.
    """
    n = both.documents // 2
    parts = []
    rows = max(1, WEIGHTS_AT_ONCE // (2 * n))
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        swapped = rng.integers(0, 2, size=(size, n), dtype=np.int8).astype(np.float64)
        candidate = both(np.hstack([swapped, 1 - swapped]))
        parts.append(candidate - both(np.hstack([1 - swapped, swapped])))
    return np.concatenate(parts)


def _drawn_weights(n: int, rng: np.random.Generator, resamples: int) -> Iterator[FloatArray]:
    rows = max(1, WEIGHTS_AT_ONCE // n)
    for start in range(0, resamples, rows):
        size = min(rows, resamples - start)
        drawn = rng.integers(0, n, size=(size, n))
        flat = (drawn + n * np.arange(size)[:, None]).ravel()
        yield np.bincount(flat, minlength=size * n).reshape(size, n).astype(np.float64)
