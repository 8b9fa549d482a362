"""How sure a figure is: the interval that belongs to each kind of figure.

Proportions have closed forms that stay honest at 0 and 1 (Wilson for one model, Tango for the
difference of two on the same examples); a few repetitions of a timing have Student's t; all else
is resampled by document (`bootstrapped`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Interval:
    """Two bounds; both None where the data say nothing about the spread."""

    low: float | None
    high: float | None


NO_INTERVAL = Interval(None, None)


def wilson(successes: float, n: int, confidence: float = 0.95) -> Interval:
    """Score interval of a proportion: Wilson (1927), formula 4 of Newcombe (1998a)."""
    if n == 0:
        return NO_INTERVAL
    z = normal_quantile((1 + confidence) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
    low = 0.0 if successes <= 0 else centre - half
    high = 1.0 if successes >= n else centre + half
    return Interval(low, high)


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
    return Interval(mean - half, mean + half)


def normal_quantile(level: float) -> float:
    """The standard normal's quantile, as 1.96 for 0.975."""
    from scipy.special import ndtri

    return float(ndtri(level))


def unseen(n: int, confidence: float) -> float:
    """The largest share of all examples that may be of a kind which none of n examples is.

    1 - (1 - confidence)^(1/n): the one-sided bound of Clopper and Pearson (1934), with nothing found.
    """
    return -math.expm1(math.log1p(-confidence) / n)
