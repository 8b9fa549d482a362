"""What a figure is made of: a function of how much each example or document counts.

Nearly every metric is a function of a few weighted sums over examples, so that ten thousand
resamples are one matrix product; `harness.analysis.resampling` draws the weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

WEIGHTS_AT_ONCE = 100_000
"""Weights held at a time: they fit a core's cache, which is four times as fast as a million."""


class Statistic(Protocol):
    """A figure as a function of how much each document counts."""

    @property
    def documents(self) -> int: ...

    @property
    def smooth(self) -> bool:
        """Whether leaving out one document says how the figure reacts (so that BCa holds)."""

    def __call__(self, weights: FloatArray) -> FloatArray:
        """Figures (resamples,) for weights (resamples, documents); NaN where undefined."""


@dataclass(frozen=True, eq=False)
class SumStatistic:
    """A function of weighted sums over documents: means, ratios of sums, F1.

    `columns` is (documents, k); `finish` turns sums (resamples, k) into figures (resamples,).
    """

    columns: FloatArray
    finish: Callable[[FloatArray], FloatArray]
    smooth: bool = True

    @property
    def documents(self) -> int:
        return len(self.columns)

    def __call__(self, weights: FloatArray) -> FloatArray:
        return self._finished(weights @ self.columns)

    def left_out(self) -> FloatArray:
        """The figure without each document (documents,): from all sums, less its own columns."""
        return self._finished(self.columns.sum(axis=0) - self.columns)

    def _finished(self, sums: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return self.finish(sums)


@dataclass(frozen=True, eq=False)
class Largest:
    """The largest of the values (documents,) of documents that count at all; NaN where none does.

    A document without a value has minus infinity. Resampling says nothing of it: the bootstrap of a
    maximum is not valid.
    """

    values: FloatArray
    smooth: bool = False

    @property
    def documents(self) -> int:
        return len(self.values)

    def __call__(self, weights: FloatArray) -> FloatArray:
        found: FloatArray = np.where(weights > 0, self.values, -np.inf).max(axis=1)
        return np.where(np.isneginf(found), np.nan, found)


def ratio(
    numerator: FloatArray,
    denominator: FloatArray,
    scale: Callable[[FloatArray], FloatArray] = lambda figures: figures,
) -> SumStatistic:
    """`scale` of a ratio of sums; a mean is the ratio of the scores to ones."""

    def finish(sums: FloatArray) -> FloatArray:
        return scale(sums[:, 0] / sums[:, 1])

    return SumStatistic(np.column_stack([numerator, denominator]), finish)
