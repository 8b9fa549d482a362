"""How sure a figure is: the interval that belongs to each kind of figure.

Proportions have closed forms that stay honest at 0 and 1 (Wilson for one model, Tango for the
difference of two on the same examples); a few repetitions of a timing have Student's t; all else
is resampled by document (`bootstrapped`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from harness.records import Approximate


@dataclass(frozen=True)
class Interval:
    """Two bounds; both None where the data say nothing about the spread.

    `approximate` says why they may hold the truth less often than they say, where they may.
    """

    low: float | None
    high: float | None
    approximate: Approximate | None = None

    def within(self, lowest: float, highest: float) -> Interval:
        """The part of it that the figure can reach."""
        if self.low is None or self.high is None:
            return self
        return replace(self, low=max(lowest, self.low), high=min(highest, self.high))


NO_INTERVAL = Interval(None, None)
FEW_ROUNDS = 30
"""Below so many repetitions Student's interval rests on their being normal; one outlier undoes it."""


def wilson(successes: float, n: int, confidence: float = 0.95) -> Interval:
    """Score interval of a proportion: Wilson (1927), formula 4 of Newcombe (1998a)."""
    return Interval(*_score_bounds(successes, n, confidence)) if n else NO_INTERVAL


def _score_bounds(successes: float, n: int, confidence: float) -> tuple[float, float]:
    z = normal_quantile((1 + confidence) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    low = 0.0 if successes <= 0 else centre - half
    high = 1.0 if successes >= n else centre + half
    return low, high


def proportion(successes: float, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's interval, mended near 0 and 1.

    Of one in 50 or three in 1,000 it begins too high: shares just below it are left out in up to 16% of
    cases. As in Brown, Cai and DasGupta, "Interval estimation for a binomial proportion", Statistical
    Science 16 (2001), section 4.1.1, such an end is therefore the exact one-sided bound, at the whole of
    what both ends may miss, wherever the other end cannot miss so small a share.
    """
    if n == 0:
        return NO_INTERVAL
    of_none = normal_quantile((1 + confidence) / 2) ** 2
    of_none /= n + of_none
    low, high = _score_bounds(successes, n, confidence)
    fewest, most = _exact_bounds(successes, n, confidence)
    return Interval(
        min(low, fewest) if fewest < of_none else low,
        max(high, most) if most > 1 - of_none else high,
    )


def clopper_pearson(successes: float, n: float, confidence: float = 0.95) -> Interval:
    """Exact interval of a proportion (1934): either end misses at most half of 1 - confidence.

    It holds the truth more often than it says, at most shares much more. Neither number need be whole.
    """
    if n == 0:
        return NO_INTERVAL
    return Interval(*_exact_bounds(successes, n, (1 + confidence) / 2))


def _exact_bounds(successes: float, n: float, level: float) -> tuple[float, float]:
    """Two bounds, each exact by itself at `level`."""
    from scipy.special import betaincinv

    failures = n - successes
    low = 1 - float(betaincinv(failures + 1, successes, level)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, failures, level)) if failures > 0 else 1.0
    return low, high


def tango(gained: int, lost: int, n: int, confidence: float = 0.95) -> Interval:
    """Score interval of a difference of paired proportions, (gained - lost) / n.

    Tango, "Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design", Statistics in Medicine 17 (1998). Unlike a bootstrap it keeps its width
    when two models answer everything alike, and it excludes zero exactly where McNemar's score
    test does.

    Args:
        gained: examples that only the candidate got right.
        lost: examples that only the baseline got right.
        n: all examples, those that both got right or wrong included.
    """
    if n == 0:
        return NO_INTERVAL
    from scipy.optimize import brentq

    z = normal_quantile((1 + confidence) / 2)
    point = (gained - lost) / n

    def low_root(delta: float) -> float:
        return _tango_score(gained, lost, n, delta) - z

    def high_root(delta: float) -> float:
        return _tango_score(gained, lost, n, delta) + z

    low = -1.0 if lost == n else float(brentq(low_root, -1 + 1e-12, point, xtol=1e-12))
    high = 1.0 if gained == n else float(brentq(high_root, point, 1 - 1e-12, xtol=1e-12))
    return Interval(low, high)


def _tango_score(gained: int, lost: int, n: int, delta: float) -> float:
    """The score statistic at `delta`, its variance at the most likely shares with that delta."""
    linear = -gained - lost + (2 * n - gained + lost) * delta
    constant = -lost * delta * (1 - delta)
    root = float(np.sqrt(max(0.0, linear * linear - 8 * n * constant)))
    share_lost = (root - linear) / (4 * n)
    variance = n * (2 * share_lost + delta * (1 - delta))
    excess = gained - lost - n * delta
    if variance <= 0:
        return float(np.sign(excess)) * float("inf") if excess else 0.0
    return float(excess / np.sqrt(variance))


def student_t(values: ArrayLike, confidence: float = 0.95) -> Interval:
    """Interval of a mean of independent repetitions; none for fewer than two."""
    from scipy.special import stdtrit

    data = np.asarray(values, dtype=np.float64)
    if len(data) < 2:
        return NO_INTERVAL
    mean = float(data.mean())
    error = float(data.std(ddof=1) / np.sqrt(len(data)))
    half = float(stdtrit(len(data) - 1, (1 + confidence) / 2)) * error
    return Interval(mean - half, mean + half, "rounds" if len(data) < FEW_ROUNDS else None)


def normal_quantile(level: float) -> float:
    """The standard normal's quantile, as 1.96 for 0.975."""
    from scipy.special import ndtri

    return float(ndtri(level))


def unseen(n: float, confidence: float) -> float:
    """The largest share of all examples that may be of a kind which none of n examples is.

    1 - (1 - confidence)^(1/n): the one-sided bound of Clopper and Pearson (1934), with nothing found.
    """
    return -math.expm1(math.log1p(-confidence) / n)
