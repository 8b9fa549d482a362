"""The same fine-tuning with other seeds: a second source of variance, apart from the examples'.

More examples make a difference on these weights surer; they say nothing of what another seed of
the same training would have given (Bouthillier et al., "Accounting for variance in machine
learning benchmarks", MLSys 2021).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.analysis.intervals import NO_INTERVAL, Interval, student_t
from harness.records import SeedVariance


def seed_variance(values: Mapping[int, float], baseline: float) -> SeedVariance | None:
    """How a candidate's value varies over seeds, and its mean difference from the baseline.

    Args:
        values: the candidate's value by seed.
        baseline: the baseline's value, taken as it is.

    Returns:
        None for fewer than two seeds.
    """
    if len(values) < 2:
        return None
    found = np.array([values[seed] for seed in sorted(values)])
    interval = student_t(found - baseline)
    return SeedVariance(
        values={str(seed): values[seed] for seed in sorted(values)},
        deviation=float(found.std(ddof=1)),
        delta=float(found.mean() - baseline),
        low=interval.low,
        high=interval.high,
    )


def deviation_interval(deviation: float, seeds: int, confidence: float = 0.95) -> Interval:
    """Where the true standard deviation lies, if values over seeds are normal: chi-squared.

    Few seeds know it badly: of three, between half of it and six times as much.

    Args:
        deviation: as it was found, with `seeds` - 1 degrees of freedom.
        seeds: how many.
    """
    from scipy.special import chdtri

    if seeds < 2:
        return NO_INTERVAL
    freedom = seeds - 1
    tail = (1 - confidence) / 2
    high, low = (float(chdtri(freedom, upper)) for upper in (1 - tail, tail))
    return Interval(deviation * (freedom / low) ** 0.5, deviation * (freedom / high) ** 0.5)
