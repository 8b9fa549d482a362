"""How many examples it takes: the smallest difference that n could show, and the n for a margin.

Normal approximations as for any paired mean (Chow, Shao, Wang and Lokhnygina, "Sample Size
Calculations in Clinical Research", 3rd ed. 2017, chapters 3 and 4).
"""

from __future__ import annotations

import math

from harness.analysis.intervals import normal_quantile, wilson

DETECTION_POWER = 0.8
"""The customary chance of showing a difference that is there."""
DECISION_POWER = 0.975
"""The chance with which a recommended number of examples decides a gate."""
MOST = 10_000_000
"""Beyond so many, a number of examples is no advice."""


def detectable(spread: float, n: int, confidence: float = 0.95) -> float | None:
    """The smallest true difference that n pairs show in 80% of cases, two-sided.

    Args:
        spread: standard deviation of the paired differences.
        n: pairs.
    """
    if n < 2:
        return None
    z = normal_quantile((1 + confidence) / 2) + normal_quantile(DETECTION_POWER)
    return z * spread / math.sqrt(n)


def needed(
    spread: float, distance: float, confidence: float, power: float = DECISION_POWER
) -> int | None:
    """Pairs after which a one-sided bound at `confidence` clears a limit `distance` away.

    None where nothing separates the two, or no number that anybody has would do.
    """
    if distance <= 0 or not math.isfinite(spread):
        return None
    z = normal_quantile(confidence) + normal_quantile(power)
    ratio = (z * spread / distance) ** 2
    return max(2, math.ceil(ratio)) if ratio <= MOST else None


def upper_spread(spread: float, n: int) -> float:
    """The upper limit (95%) of a standard deviation that was found in n values, were they normal.

    To plan with a spread as it was found is to fall short half of the time: Browne, "On the use of
    a pilot sample for sample size determination", Statistics in Medicine 14 (1995).
    """
    from scipy.special import chdtri

    if n < 2:
        return math.inf
    lowest = float(chdtri(n - 1, 0.95))
    return spread * math.sqrt((n - 1) / lowest) if lowest > 0 else math.inf


def pair_spread(gained: int, lost: int, n: int) -> float:
    """Standard deviation of the paired differences of right and wrong.

    Args:
        gained: examples that only the candidate got right.
        lost: examples that only the baseline got right.
        n: all examples.
    """
    return math.sqrt(max(0.0, (gained + lost) / n - ((gained - lost) / n) ** 2))


def pair_spread_if_lost(gained: int, lost: int, n: int, drop: float) -> float:
    """Likewise, an upper limit of it for a model that has lost `drop` more than it gained.

    As many answers change as the upper end of a Wilson interval allows, and `drop` besides.
    """
    changed = wilson(gained + lost, n, 0.9).high
    share = min(1.0, (1.0 if changed is None else changed) + drop)
    return math.sqrt(max(0.0, share - drop**2))
