"""How sure a figure is, in the terms of other formats."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import stdev

from harness.records import MetricDescriptor, Sample

METHODS = {
    "proportion": "Wilson score",
    "mean": "BCa bootstrap",
    "f1": "BCa bootstrap",
    "ratio": "BCa bootstrap",
    "quantile": "Woodruff",
    "repetitions": "Student's t over rounds",
    "median": "Student's t over rounds",
}
"""What an interval was computed by (docs/statistics.md), by the kind of metric."""


def standard_error(of: MetricDescriptor, samples: Sequence[Sample]) -> float | None:
    """The standard error of a mean of scores: their standard deviation over √n.

    None where the metric is no such mean, or fewer than two samples have a score.
    """
    if not of.scores_examples:
        return None
    scores = [sample.scores[of.name] for sample in samples if of.name in sample.scores]
    return stdev(scores) / math.sqrt(len(scores)) if len(scores) > 1 else None
