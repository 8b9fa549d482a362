"""How likely differences are by chance alone: the tests, and their correction where there are several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness.metrics.statistic import FloatArray


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusts the p-values of several candidates against one baseline.

    Holm, "A simple sequentially rejective multiple test procedure" (1979): step down from the
    smallest, each times the number of hypotheses still standing. None stays None and is not
    counted.
    """
    adjusted = holm_adjusted(np.array([np.nan if p is None else p for p in p_values]))
    return [None if np.isnan(p) else float(p) for p in adjusted]


def holm_adjusted(p_values: FloatArray) -> FloatArray:
    """The same of an array, in which NaN stays NaN and is not counted."""
    missing = np.isnan(p_values)
    adjusted = np.where(missing, np.nan, 1.0)
    below = np.flatnonzero(p_values < 1)  # what is 1 stays 1, and comes last
    ordered = p_values[below]
    order = np.argsort(ordered)  # of equal ones the first decides for all, whichever it is
    ordered = ordered[order]
    ordered *= np.arange(len(p_values) - missing.sum(), 0, -1)[: len(order)]
    adjusted[below[order]] = np.maximum.accumulate(np.minimum(1.0, ordered))
    return adjusted


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided exact p-value: whether the examples that changed are a fair coin's.

    McNemar (1947) with binomial probabilities; 1 where nothing changed.
    """
    from scipy.special import bdtr

    changed = gained + lost
    if changed == 0:
        return 1.0
    return min(1.0, 2 * float(bdtr(min(gained, lost), changed, 0.5)))


def fewest_shown(
    changed: npt.NDArray[np.intp], confidence: float, candidates: int = 1
) -> npt.NDArray[np.float64]:
    """Of so many answers that changed, the fewest one way that show a difference.

    McNemar's exact test has to see it at (1 - confidence) / candidates, and Tango's interval to
    exclude zero, which it does where the score test does: |gained - lost| > z * sqrt(changed).
    Beyond `changed` where not even all of them one way would do.
    """
    from scipy.special import bdtr, bdtrik, ndtri

    level = (1 - confidence) / candidates / 2
    fewer = np.nan_to_num(np.floor(bdtrik(level, changed, 0.5)), nan=-1.0)
    for step in (1.0, 0.0):  # an inverse may miss a whole number by a rounding
        tried = np.clip(fewer + step, 0.0, changed)
        fewer = np.where(bdtr(tried, changed, 0.5) <= level, tried, np.minimum(fewer, tried - 1))
    by_score = (changed + float(ndtri((1 + confidence) / 2)) * np.sqrt(changed)) / 2
    found: npt.NDArray[np.float64] = np.maximum(changed - fewer, np.floor(by_score) + 1)
    return found


def permutation_p(delta: float, swapped: FloatArray) -> float:
    """Two-sided p-value of a sampled permutation test, the observed order counted as one.

    Phipson and Smyth, "Permutation p-values should never be zero" (2010).
    """
    as_extreme = np.sum(np.abs(swapped) >= abs(delta) * (1 - 1e-9))
    return float((as_extreme + 1) / (len(swapped) + 1))
