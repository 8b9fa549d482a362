"""How likely differences are by chance alone: the tests, and their correction where there are several."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.metrics.statistic import FloatArray


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusts the p-values of several candidates against one baseline.

    Holm, "A simple sequentially rejective multiple test procedure" (1979): step down from the
    smallest, each times the number of hypotheses still standing. None stays None and is not
    counted.
    """
    present = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, index) in enumerate(present):
        highest = max(highest, min(1.0, p * (len(present) - rank)))
        adjusted[index] = highest
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


def permutation_p(delta: float, swapped: FloatArray) -> float:
    """Two-sided p-value of a sampled permutation test, the observed order counted as one.

    Phipson and Smyth, "Permutation p-values should never be zero" (2010).
    """
    as_extreme = np.sum(np.abs(swapped) >= abs(delta) * (1 - 1e-9))
    return float((as_extreme + 1) / (len(swapped) + 1))
