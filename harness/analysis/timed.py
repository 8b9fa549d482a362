"""The difference and the ratio of two timings, judged over rounds.

Timings are not pairs: they take Welch's interval and test over one figure a round. A ratio of
speeds is judged on the logarithms of the rounds' figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.analysis.intervals import FEW_ROUNDS, NO_INTERVAL, Interval
from harness.analysis.speed import timed_value, units
from harness.metrics.metric import Metric
from harness.metrics.statistic import FloatArray
from harness.records import Approximate, Sample


@dataclass(frozen=True)
class Welch:
    """A difference of two means whose spreads differ: Welch, Biometrika 34 (1947).

    `one_sided` holds two bounds, each from one side alone at the same confidence. `spread` is that
    of a single unit's difference, so that `spread / sqrt(n)` is the standard error.
    """

    delta: float
    two_sided: Interval = NO_INTERVAL
    one_sided: Interval = NO_INTERVAL
    p: float | None = None
    spread: float | None = None
    n: int = 0


def welch(before: FloatArray, after: FloatArray, confidence: float, delta: float) -> Welch:
    """`delta` with the interval of the difference of means; none for fewer than two of either."""
    from scipy.special import stdtr, stdtrit

    n = min(len(before), len(after))
    if n < 2:
        return Welch(delta, n=n)
    shares = before.var(ddof=1) / len(before), after.var(ddof=1) / len(after)
    error = float(np.sqrt(sum(shares)))
    if error == 0:
        point = Interval(delta, delta, "alike")
        return Welch(delta, point, point, 1.0 if delta == 0 else 0.0, 0.0, n)
    freedom = error**4 / (shares[0] ** 2 / (len(before) - 1) + shares[1] ** 2 / (len(after) - 1))
    few: Approximate | None = "rounds" if n < FEW_ROUNDS else None
    return Welch(
        delta,
        _around(delta, error * float(stdtrit(freedom, (1 + confidence) / 2)), few),
        _around(delta, error * float(stdtrit(freedom, confidence)), few),
        2 * float(stdtr(freedom, -abs(delta) / error)),
        error * float(np.sqrt(n)),
        n,
    )


def _around(point: float, half_width: float, approximate: Approximate | None) -> Interval:
    return Interval(point - half_width, point + half_width, approximate)


def rounds_of(metric: Metric, samples: Sequence[Sample]) -> FloatArray:
    """One figure a round (or, of a single round, one a repetition): what is independent."""
    figure = np.mean if metric.kind == "repetitions" else np.median
    return units(metric.by_round(samples), figure)


def slowdown(
    metric: Metric,
    baseline: Sequence[Sample],
    candidate: Sequence[Sample],
    confidence: float = 0.95,
) -> Welch | None:
    """How many times as slow the candidate is, as a natural logarithm.

    The point is the ratio of the two figures as they are shown; the interval around it is Welch's
    over the logarithms of the rounds' figures. Above 0 is slower, for rates and for waits.

    Returns:
        None where one of the two was not timed.
    """
    values = [timed_value(metric, samples).value for samples in (baseline, candidate)]
    if not values[0] or not values[1]:
        return None
    sign = -1.0 if metric.higher_is_better else 1.0
    delta = sign * float(np.log(values[1] / values[0]))
    if metric.kind == "tail":
        return Welch(delta)
    before, after = (sign * np.log(rounds_of(metric, s)) for s in (baseline, candidate))
    return welch(before, after, confidence, delta)
