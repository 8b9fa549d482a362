"""The difference and the ratio of two timings, judged over rounds.

Timings are not pairs: they take Welch's interval and test over one figure a round. A ratio of
speeds is judged on the logarithms of the rounds' figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.analysis.intervals import FEW_ROUNDS, NO_INTERVAL, Interval
from harness.analysis.speed import timed_value, units
from harness.metrics.metric import Metric
from harness.metrics.statistic import FloatArray
from harness.records import Approximate, Sample, Value


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


def of_percentiles(
    metric: Metric,
    baseline: Sequence[Sample],
    candidate: Sequence[Sample],
    confidence: float,
    logarithms: bool = False,
) -> Welch | None:
    """The difference of two percentiles of requests, bounded by what bounds each of them.

    The method of variance estimates recovery (Zou and Donner, "Construction of confidence limits about
    effect measures", Statistics in Medicine 27, 2008): what is independent adds up in squares.

    Args:
        logarithms: of the percentiles' logarithms instead.

    Returns:
        None where one of the two has no value above 0.
    """
    bounds: list[Interval] = []
    change, n = 0.0, 0
    for level in (confidence, 2 * confidence - 1):
        pair = [timed_value(metric, samples, level) for samples in (baseline, candidate)]
        if not pair[0].value or not pair[1].value:
            return None
        change, n = _change(pair, logarithms), min(of.n or 0 for of in pair)
        bounds.append(_recovered(pair, change, logarithms))
    return Welch(change, bounds[0], bounds[1], n=n)


def _change(pair: Sequence[Value], logarithms: bool) -> float:
    before, after = (_shown(of.value, logarithms) for of in pair)
    return after - before


def _recovered(pair: Sequence[Value], change: float, logarithms: bool) -> Interval:
    if any(None in (of.low, of.high) for of in pair):
        return NO_INTERVAL
    (value, low, high), (other, other_low, other_high) = (
        (_shown(of.value, logarithms), _shown(of.low, logarithms), _shown(of.high, logarithms))
        for of in pair
    )
    return Interval(
        change - math.hypot(high - value, other - other_low),
        change + math.hypot(value - low, other_high - other),
    )


def _shown(value: float | None, logarithms: bool) -> float:
    return math.log(value or 0.0) if logarithms else value or 0.0


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
    if metric.kind == "percentile":
        return of_percentiles(metric, baseline, candidate, confidence, logarithms=True)
    before, after = (sign * np.log(rounds_of(metric, s)) for s in (baseline, candidate))
    return welch(before, after, confidence, delta)
