"""Intervals read out of resampled figures: BCa where a figure is smooth, Woodruff's for a quantile.

Both start from levels that are widened for few documents; without that, a 95% interval of 50
documents holds the truth in 90 to 94% of cases (docs/statistics.md has the figures).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.analysis.intervals import NO_INTERVAL, Interval
from harness.analysis.resampling import DifferenceStatistic, bootstrap, jackknife, observed
from harness.metrics.quantile import PooledQuantile
from harness.metrics.statistic import FloatArray, Statistic, SumStatistic
from harness.records import Approximate

RESAMPLES = 10_000
FARTHEST = 40.0
"""Standard deviations beyond which a normal distribution has nothing left."""
FEW_DOCUMENTS = 100
"""Below so many an interval is said to be approximate."""
UNEVEN = 12.0
"""Degrees of freedom below which likewise: some six documents make most of the spread."""
STUDENT_BELOW = 30.0
"""Degrees of freedom below which a difference takes in Student's interval: where few answers changed, BCa
of 50 pairs held the truth in 70 to 84% of cases."""
TIE = 1e-9
"""Levels this close are the same: a bound that falls just between two values goes to the outer one."""


def resampled(
    statistic: Statistic,
    rng: np.random.Generator,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
) -> Interval:
    """Bootstrap interval of a figure over documents: BCa where it is smooth; Woodruff's for a
    quantile."""
    if statistic.documents < 2:
        return NO_INTERVAL
    if isinstance(statistic, PooledQuantile):
        return woodruff(statistic, bootstrap(share_above(statistic), rng, resamples), confidence)
    return bootstrap_interval(statistic, bootstrap(statistic, rng, resamples), confidence)


def bootstrap_interval(
    statistic: Statistic, distribution: FloatArray, confidence: float
) -> Interval:
    """Reads the interval out of a bootstrap distribution that was drawn before.

    A figure that no resample changes has zero width. A difference of quantiles takes the
    percentile interval: its jackknife estimates neither its spread nor its acceleration.
    """
    point = observed(statistic)
    distribution = distribution[np.isfinite(distribution)]
    if not np.isfinite(point) or len(distribution) == 0:
        return NO_INTERVAL
    if np.ptp(distribution) <= 1e-12 * max(1.0, abs(point)):
        return Interval(point, point, "alike")
    few: Approximate | None = "few" if statistic.documents < FEW_DOCUMENTS else None
    levels = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    if not statistic.smooth:
        low, high = np.quantile(distribution, levels)
        return Interval(float(low), float(high), few)
    left_out = jackknife(statistic)
    spread = Spread.of(left_out)
    wider = small_sample_levels(levels, distribution, spread)
    low, high = np.quantile(distribution, bca_levels(wider, distribution, point, left_out))
    if spread is not None and spread.freedom < STUDENT_BELOW:
        if isinstance(statistic, DifferenceStatistic):
            lowest, highest = point + spread.quantiles(levels) * spread.error
            low, high = min(low, lowest), max(high, highest)
        few = few or ("uneven" if spread.freedom < UNEVEN else None)
    return Interval(float(low), float(high), few)


@dataclass(frozen=True)
class Spread:
    """How sure a figure is by the jackknife (Efron and Stein, Annals of Statistics 9, 1981).

    `error` is its standard error. `freedom` are Satterthwaite's degrees (1946): 2 E(v)^2 / Var(v) for the
    variance v of the documents' influences, which is n - 1 where they are normal and less where few
    documents make most of it, as Pan and Wall have it for sandwich variances (Statistics in Medicine 21,
    2002).
    """

    error: float
    freedom: float

    @classmethod
    def of(cls, left_out: FloatArray) -> Spread | None:
        """Of the figure with each document left out once; None where some do not exist or all are equal."""
        n = len(left_out)
        squares = (left_out - left_out.mean()) ** 2
        error = float(np.sqrt((n - 1) / n * squares.sum()))
        if not 0 < error < np.inf:
            return None
        kurtosis = float(n * np.sum(squares**2) / squares.sum() ** 2)
        return cls(error, min(n - 1.0, 2 / ((kurtosis - 3) / n + 2 / (n - 1))))

    def quantiles(self, levels: FloatArray) -> FloatArray:
        """Student's."""
        from scipy.special import stdtrit

        return np.asarray(stdtrit(self.freedom, levels), dtype=np.float64)


def small_sample_levels(
    levels: FloatArray, distribution: FloatArray, spread: Spread | None
) -> FloatArray:
    """Moves quantile levels outwards by what a bootstrap of few documents is too narrow.

    The expansion of Hesterberg, "What teachers should know about the bootstrap", The American
    Statistician 69 (2015), section 3.2: the level of Student's quantile instead of the normal one,
    times the factor by which the bootstrap's standard error falls short. For a mean that factor is
    sqrt(n / (n - 1)); for any figure it is taken here from the jackknife's standard error, which is the
    usual one for a mean.
    """
    from scipy.special import ndtr

    deviation = float(distribution.std())
    if spread is None or deviation == 0:
        return levels
    wider: FloatArray = ndtr(spread.quantiles(levels) * spread.error / deviation)
    return wider


def bca_levels(
    levels: FloatArray, distribution: FloatArray, point: float, left_out: FloatArray
) -> FloatArray:
    """The quantiles to read for a bias-corrected and accelerated interval.

    Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), formulas 14.9, 14.14, 14.15,
    ties counted half. Gives `levels` back where the correction is not defined: the point lies
    outside of all resamples, or a figure without some document does not exist.
    """
    from scipy.special import ndtr, ndtri

    below = (np.mean(distribution < point) + np.mean(distribution <= point)) / 2
    deviations = left_out.mean() - left_out
    squares = float(np.sum(deviations**2))
    if not 0 < below < 1 or not np.isfinite(squares) or squares == 0:
        return levels
    bias = ndtri(below)
    acceleration = float(np.sum(deviations**3)) / (6 * squares**1.5)
    shifted = np.clip(bias + ndtri(levels), -FARTHEST, FARTHEST)
    left = 1 - acceleration * shifted
    corrected: FloatArray = ndtr(bias + shifted / np.where(left > 0, left, 1.0))
    # Beyond the pole the formula would turn back: the outermost resample is meant.
    corrected[left <= 0] = shifted[left <= 0] > 0
    return corrected


def share_above(quantile: PooledQuantile) -> SumStatistic:
    """The share of values above the quantile, as a function of how much each document counts."""
    above = quantile.document[quantile.values > observed(quantile)]
    counts = np.bincount(above, minlength=quantile.documents)
    columns = np.column_stack([counts, quantile.lengths]).astype(np.float64)
    return SumStatistic(columns, lambda sums: sums[:, 0] / sums[:, 1])


def woodruff(quantile: PooledQuantile, shares: FloatArray, confidence: float) -> Interval:
    """Interval of a quantile from the interval of the share of values above it.

    Woodruff, "Confidence intervals for medians and other position measures", JASA 47 (1952): the
    share of values above the quantile is a ratio of sums over documents, which is resampled; the
    quantiles as far from `level` as that share's bounds are from it are the interval. A percentile
    bootstrap of the quantile itself is too short at its upper end, where values are few.

    Args:
        shares: the resampled `share_above` (resamples,).

    Returns:
        No interval where values are so few that the upper bound may lie beyond the largest.
    """
    values = quantile.values
    if len(values) == 0:
        return NO_INTERVAL
    if values[0] == values[-1]:
        return Interval(float(values[0]), float(values[0]), "alike")
    share, shares = share_above(quantile), shares[np.isfinite(shares)]
    levels = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    spread = Spread.of(jackknife(share))
    fewest, most = np.quantile(shares, small_sample_levels(levels, shares, spread))
    if fewest <= 0:
        return NO_INTERVAL
    ends = quantile.level + observed(share) - np.array([most + TIE, fewest - TIE])
    low, high = np.quantile(values, np.clip(ends, 0.0, 1.0), method="inverted_cdf")
    few: Approximate | None = "few" if quantile.documents < FEW_DOCUMENTS else None
    return Interval(float(low), float(high), few)
