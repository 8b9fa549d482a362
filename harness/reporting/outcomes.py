"""What a paired difference entitles a reader to say: the one place where that is decided."""

from __future__ import annotations

from enum import Enum

from harness.records import Comparison, MetricDescriptor
from harness.reporting.measures import higher_is_better


class Outcome(Enum):
    """Better, worse, or why neither may be claimed."""

    BETTER = "better"
    WORSE = "worse"
    CHANGED = "changed"
    """The interval excludes zero, but the metric has no better direction."""
    TENTATIVE = "tentative"
    """The interval excludes zero; the p-value corrected for several comparisons does not agree."""
    NOT_SHOWN = "not shown"
    """The interval includes zero."""
    SAME = "same"
    """Not one example scored differently."""
    NO_INTERVAL = "no interval"
    MISSING = "missing"


def outcome(of: MetricDescriptor, row: Comparison, confidence: float) -> Outcome:
    """Judge a difference by its interval, then by its adjusted p-value.

    The correction for several comparisons can only take a claim back, never make one.
    """
    if row.delta is None:
        return Outcome.MISSING
    if row.delta == 0 and row.better == 0 and row.worse == 0:
        return Outcome.SAME
    if row.low is None or row.high is None:
        return Outcome.NO_INTERVAL
    if row.low <= 0 <= row.high:
        return Outcome.NOT_SHOWN
    if row.p_adjusted is not None and row.p_adjusted > 1 - confidence + 1e-12:
        return Outcome.TENTATIVE
    upwards = higher_is_better(of)
    if upwards is None:
        return Outcome.CHANGED
    return Outcome.BETTER if (row.delta > 0) == upwards else Outcome.WORSE
