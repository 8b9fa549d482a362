"""A quantile over resampled documents, found in two looks: which bin, then where in the bin.

A median needs half of all tokens where a 99th percentile needs a hundredth of them; at 100,000
tokens the cumulative weights of 10,000 resamples would be 10^9 sums. Counts of each document's
values in some hundred bins are a small matrix, and a matrix product says for every resample at
once which bin holds its quantile; only that bin is then searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.metrics.statistic import WEIGHTS_AT_ONCE, FloatArray

SLACK = 1e-9
"""How far a cumulative weight may fall short of what is asked and still count as reaching it."""


@dataclass(frozen=True, eq=False)
class PooledQuantile:
    """A quantile of values pooled over documents (the inverted distribution function).

    It is the smallest value that at least `level` of the weight does not exceed: type 1 of
    Hyndman and Fan, "Sample quantiles in statistical packages" (1996). `values` (tokens,) rises;
    `document` (tokens,) says which document each value is from; bin b is the values from
    `edges[b]` to `edges[b + 1]`, and `counts` is (documents, bins).
    """

    values: FloatArray
    document: npt.NDArray[np.intp]
    lengths: FloatArray
    edges: npt.NDArray[np.intp]
    counts: FloatArray
    level: float
    smooth: bool = False

    @classmethod
    def of(cls, lists: Sequence[Sequence[float]], level: float) -> PooledQuantile:
        """Pools one list of values per document."""
        lengths = np.array([len(values) for values in lists], dtype=np.intp)
        pooled = np.array([value for values in lists for value in values], dtype=np.float64)
        order = np.argsort(pooled, kind="stable")
        document = np.repeat(np.arange(len(lists), dtype=np.intp), lengths)[order]
        bins = max(1, round(len(pooled) ** 0.5))
        edges = np.linspace(0, len(pooled), bins + 1).astype(np.intp)
        place = np.repeat(np.arange(bins), np.diff(edges))
        counts = np.zeros((len(lists), bins))
        np.add.at(counts, (document, place), 1.0)
        return cls(pooled[order], document, lengths.astype(np.float64), edges, counts, level)

    @property
    def documents(self) -> int:
        return len(self.lengths)

    def __call__(self, weights: FloatArray) -> FloatArray:
        rows = max(1, WEIGHTS_AT_ONCE // self.counts.shape[1])
        starts = range(0, len(weights), rows)
        return np.concatenate([self._of_few(weights[start : start + rows]) for start in starts])

    def _of_few(self, weights: FloatArray) -> FloatArray:
        figures = np.full(len(weights), np.nan)
        wanted = self.level * (weights @ self.lengths) - SLACK
        below = np.cumsum(weights @ self.counts, axis=1)
        chosen = np.minimum(np.sum(below < wanted[:, None], axis=1), below.shape[1] - 1)
        for which in np.unique(chosen[wanted > 0]):
            rows = np.flatnonzero((chosen == which) & (wanted > 0))
            tokens = slice(self.edges[which], self.edges[which + 1])
            before = below[rows, which - 1] if which else np.zeros(len(rows))
            reached = before[:, None] + np.cumsum(weights[rows][:, self.document[tokens]], axis=1)
            position = np.sum(reached < wanted[rows, None], axis=1)
            found = self.values[tokens]
            figures[rows] = found[np.minimum(position, len(found) - 1)]
        return figures
