"""How many examples it takes: the smallest difference that n could show, and the n for a margin.

What a test of paired answers can show follows from how many answers change between two models. That
share was seen on few examples and is not known, so that its upper 95% limit is taken: to plan with it
as it was found is to fall short half of the time (Browne, "On the use of a pilot sample for sample size
determination", Statistics in Medicine 14, 1995).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.analysis.intervals import clopper_pearson, normal_quantile, unseen
from harness.analysis.significance import fewest_shown
from harness.metrics.statistic import FloatArray

DETECTION_POWER = 0.8
"""The customary chance of showing a difference that is there."""
DECISION_POWER = 0.975
"""The chance with which a recommended number of examples decides a gate."""
CHURN_CONFIDENCE = 0.95
"""Of the upper limit of the share of answers that change."""
MANY_CHANGES = 100_000
"""Beyond so many changed answers the normal approximation is as good as counting outcomes."""
MOST = 10_000_000
"""Beyond so many, a number of examples is no advice."""


@dataclass(frozen=True)
class Churn:
    """How much changes between two models, as if all changes were of one size.

    Attributes:
        size: of a change, in the metric's unit: 1 where answers are right or wrong. Where sizes differ it
            is an upper limit, as far as `bounded` sizes have one.
        upper: the share of all examples that change by as much, its upper 95% limit.
        bounded: whether anything bounds how far a score can change.
    """

    size: float
    upper: float
    bounded: bool

    @classmethod
    def of(cls, changes: FloatArray, reach: float | None = None) -> Churn | None:
        """Of the changes of n examples.

        Args:
            changes: by how much each example's score rose (n,).
            reach: how far a score can change; None where nothing bounds it.

        Returns:
            None where nothing changed and nothing bounds what may.
        """
        n, sizes = len(changes), np.abs(changes)
        squares = float(np.sum(sizes**2))
        if n == 0 or squares == 0:
            return None if n == 0 or reach is None else cls(reach, _upper(0.0, n), True)
        # As uncertain as the sum of squares is, which few large changes may make the most of.
        told = squares**2 / float(np.sum(sizes**4))
        size = squares / float(sizes.sum())
        if reach is not None:  # of the changes, some that were not seen may be as large as any
            larger = unseen(told, CHURN_CONFIDENCE)
            size = max(size, math.sqrt((1 - larger) * size**2 + larger * reach**2))
        upper = squares / told * _upper(told, n) / size**2
        return cls(size, min(1.0, upper), reach is not None)

    @property
    def spread(self) -> float:
        """Standard deviation of one pair's difference: an upper limit of it."""
        return self.spread_if_lost(0.0)

    def spread_if_lost(self, drop: float) -> float:
        """Likewise, for a model that lost `drop` besides."""
        share = min(1.0, self.upper + drop / self.size)
        return math.sqrt(max(0.0, share * self.size**2 - drop**2))


def _upper(count: float, n: int) -> float:
    return clopper_pearson(min(count, n), n, 2 * CHURN_CONFIDENCE - 1).high or 0.0


def power(n: int, churn: float, net: float, confidence: float, candidates: int = 1) -> float:
    """The chance that n pairs show a difference, by the exact test and Tango's interval.

    Args:
        n: pairs.
        churn: the share of them that changes.
        net: by how much more of them change one way than the other; at most `churn`.
        confidence: of the interval; the test is at 1 - confidence.
        candidates: that p is adjusted for; the first step of Holm, its hardest, is taken.
    """
    from scipy.special import bdtr, gammaln, xlog1py, xlogy

    around = 9 * math.sqrt(n * churn * (1 - churn)) + 12
    changed = np.arange(max(0, int(n * churn - around)), min(n, int(n * churn + around)) + 1)
    rest = n - changed
    chances = np.exp(
        gammaln(n + 1)
        - gammaln(changed + 1)
        - gammaln(rest + 1)
        + xlogy(changed, churn)
        + xlog1py(rest, -churn)
    )
    most = changed - fewest_shown(changed, confidence, candidates)
    against = max(0.0, (1 - net / churn) / 2) if churn else 0.5
    shown = np.where(most >= 0, bdtr(np.maximum(most, 0.0), changed, against), 0.0)
    return float(np.sum(chances * shown))


def detectable(churn: Churn, n: int, confidence: float = 0.95, candidates: int = 1) -> float | None:
    """The smallest true difference that n pairs show in 80% of cases, however much else changes.

    Beside what is lost (or gained), up to `churn.upper` of all examples change either way alike.

    Args:
        churn: bounded.
        n: pairs.
        confidence: of the interval.
        candidates: that p is adjusted for.

    Returns:
        None where so few pairs could not even show that all answers changed one way.
    """

    def chance(net: float) -> float:
        # With few pairs less churn can be shown less often: the exact test has few outcomes.
        shares = (min(1.0, churn.upper + net), net)
        return min(power(n, share, net, confidence, candidates) for share in shares)

    if n == 0 or chance(1.0) < DETECTION_POWER:
        return None
    low, high = 0.0, 1.0
    while high - low > 1e-4 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if chance(middle) >= DETECTION_POWER else (middle, high)
    return high * churn.size


def needed_to_show(churn: Churn, gain: float, confidence: float) -> int | None:
    """Pairs that show a true difference of `gain` in 80% of cases; None where no number would do."""
    net = min(1.0, gain / churn.size)
    share = max(net, churn.upper)
    guess = needed(math.sqrt(share - net**2), net, (1 + confidence) / 2, DETECTION_POWER)
    if guess is None:
        return None
    if guess * share > MANY_CHANGES:
        return guess + math.ceil(2 / net)  # a continuity correction: the test is exact
    low, high = guess // 2, guess
    while power(high, share, net, confidence) < DETECTION_POWER:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        enough = power(middle, share, net, confidence) >= DETECTION_POWER
        low, high = (low, middle) if enough else (middle, high)
    return high


def needed(
    spread: float, distance: float, confidence: float, power: float = DECISION_POWER
) -> int | None:
    """Pairs after which a one-sided bound at `confidence` clears a limit `distance` away.

    A normal approximation, as for any paired mean (Chow, Shao, Wang and Lokhnygina, "Sample Size
    Calculations in Clinical Research", 3rd ed. 2017, chapter 4). None where nothing separates the two,
    or no number that anybody has would do.
    """
    if distance <= 0 or not math.isfinite(spread):
        return None
    z = normal_quantile(confidence) + normal_quantile(power)
    ratio = (z * spread / distance) ** 2
    return max(2, math.ceil(ratio)) if ratio <= MOST else None


def upper_spread(spread: float, n: int) -> float:
    """The upper limit (95%) of a standard deviation that was found in n values, were they normal."""
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
