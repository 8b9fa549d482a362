"""Every pair of many models on the same examples, at once: a thousand models are half a million pairs.

What `harness.analysis.paired` does of two models by resampling is done here of all of them by the
tests' closed forms: resampled p-values cannot be smaller than 1 in 10,000, which no correction for so
many pairs leaves below 5%.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.analysis.significance import holm_adjusted
from harness.metrics.statistic import FloatArray

BoolArray = npt.NDArray[np.bool_]
ROUNDING = 1e-12
"""Variances below this share of the scores' own come of rounding alone."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """What the tests say of every pair; arrays are (models, models).

    `adjusted` holds p-values after Holm's correction over all pairs, NaN on the diagonal; `better[i, j]`
    says that i is shown to be better than j; `paired[i, j]` that the same examples were held against
    each other, rather than two intervals.
    """

    adjusted: FloatArray
    better: BoolArray
    paired: BoolArray

    @property
    def tested(self) -> int:
        """How many pairs there are."""
        models = len(self.adjusted)
        return models * (models - 1) // 2

    @property
    def shown(self) -> int:
        """How many of them differ."""
        return int(self.better.sum())


def mcnemar_pairs(right: FloatArray) -> FloatArray:
    """McNemar's exact p-value of every pair of rows of (models, examples), whose scores are 0 or 1."""
    from scipy.special import bdtr

    upper = _upper(len(right))
    both = np.rint(right @ (1 - right).T).astype(np.int64)
    gained, lost = both[upper], both.T[upper]
    width = right.shape[1] + 1
    told = (gained + lost) * width + np.minimum(gained, lost)
    order = np.argsort(told)
    ordered = told[order]
    first = np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(told)]
    codes = ordered[first]  # far fewer than pairs
    p = np.minimum(1.0, 2 * bdtr(codes % width, codes // width, 0.5))
    p[codes // width == 0] = 1.0
    of_pairs = np.empty(len(told))
    of_pairs[order] = p[np.cumsum(first) - 1]
    return _of_both_orders(upper, of_pairs, 1.0)


def paired_t(scores: FloatArray) -> FloatArray:
    """The paired t test's p-value of every pair of rows of (models, examples).

    Student, "The probable error of a mean" (1908). Where every example changed by as much, whose
    differences have no spread, it is the chance that all n signs agree, 2^(1 - n), below which no
    permutation test of n pairs can come either.
    """
    from scipy.special import stdtr

    models, n = scores.shape
    if n < 2:
        return np.full((models, models), np.nan)
    means = scores.mean(axis=1)
    centred = scores - means[:, None]
    squares = centred @ centred.T
    own = np.diag(squares)
    upper = _upper(models)
    one, other = np.nonzero(upper)
    both = own[one] + own[other]
    spread = both - 2 * squares[upper]
    spread[spread <= ROUNDING * both] = 0.0
    delta = np.abs(means[one] - means[other])
    alike = delta <= ROUNDING * (np.abs(means[one]) + np.abs(means[other]))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = delta / np.sqrt(spread / (n * (n - 1)))
    p = np.maximum(2 * stdtr(n - 1, -np.where(spread > 0, t, np.inf)), 2.0 ** (1 - n))
    return _of_both_orders(upper, np.where(alike, 1.0, p), 1.0)


def interval_pairs(
    values: FloatArray, low: FloatArray, high: FloatArray, confidence: float
) -> FloatArray:
    """A p-value of every pair of figures of which only intervals are known: 1 where these overlap.

    Else that of a normal difference of independent figures, whose standard errors are the intervals'
    widths. Two models on the same examples are not independent, but agree where these are hard for
    both, so that this says "different" less often than a paired test would. A figure without an
    interval is not shown to differ.
    """
    from scipy.special import ndtr, ndtri

    error = (high - low) / (2 * ndtri((1 + confidence) / 2))
    above, below = np.nonzero(low[:, None] > high[None, :])
    found = np.ones((len(values), len(values)))
    with np.errstate(divide="ignore"):
        z = np.abs(values[above] - values[below]) / np.hypot(error[above], error[below])
    found[above, below] = found[below, above] = 2 * ndtr(-z)
    return found


def judged(p: FloatArray, values: FloatArray, paired: BoolArray, confidence: float) -> Pairs:
    """Which models are shown to be better than which, p-values corrected over all pairs (Holm).

    Args:
        p: of every pair (models, models).
        values: (models,); higher is better.
        paired: which pairs were held against each other example by example.
        confidence: that not one of all the differences that are shown is none.
    """
    upper = _upper(len(values))
    adjusted = _of_both_orders(upper, holm_adjusted(p[upper]), np.nan)
    with np.errstate(invalid="ignore"):
        better = (adjusted <= 1 - confidence) & (values[:, None] > values[None, :])
    return Pairs(adjusted, better, paired)


def _upper(models: int) -> BoolArray:
    """Where in (models, models) each pair stands once: above the diagonal."""
    places = np.arange(models)
    return np.less.outer(places, places)


def _of_both_orders(upper: BoolArray, of_pairs: FloatArray, diagonal: float) -> FloatArray:
    """What each pair has, as an array (models, models) that is the same in both orders."""
    found = np.full(upper.shape, diagonal)
    found[upper] = of_pairs
    found.T[upper] = of_pairs
    return found
