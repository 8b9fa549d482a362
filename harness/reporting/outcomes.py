"""What a paired difference entitles a reader to say: the one place where that is decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from harness.records import Comparison, MetricDescriptor, Summary
from harness.reporting.blocks import Datum, Tone
from harness.reporting.measures import difference, higher_is_better, metric_of, rounded_up


class Conclusion(Enum):
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


def outcome(of: MetricDescriptor, row: Comparison, confidence: float) -> Conclusion:
    """Judge a difference by its interval, then by its adjusted p-value.

    The correction for several comparisons can only take a claim back, never make one.
    """
    if row.delta is None:
        return Conclusion.MISSING
    if row.delta == 0 and row.better == 0 and row.worse == 0:
        return Conclusion.SAME
    if row.low is None or row.high is None:
        return Conclusion.NO_INTERVAL
    if row.low <= 0 <= row.high:
        return Conclusion.NOT_SHOWN
    if row.p_adjusted is not None and row.p_adjusted > 1 - confidence + 1e-12:
        return Conclusion.TENTATIVE
    upwards = higher_is_better(of)
    if upwards is None:
        return Conclusion.CHANGED
    return Conclusion.BETTER if (row.delta > 0) == upwards else Conclusion.WORSE


VERDICTS: dict[Conclusion, tuple[str, Tone]] = {
    Conclusion.BETTER: ("▲ better", "good"),
    Conclusion.WORSE: ("▼ worse", "bad"),
    Conclusion.CHANGED: ("◆ changed", "plain"),
    Conclusion.TENTATIVE: ("○ not sure", "unsure"),
    Conclusion.NOT_SHOWN: ("○ not shown", "unsure"),
    Conclusion.SAME: ("＝ same", "unsure"),
    Conclusion.NO_INTERVAL: ("? no interval", "unsure"),
    Conclusion.MISSING: ("✗ missing", "bad"),
}


@dataclass(frozen=True)
class JudgedDifference:
    """A paired difference, what is known of its metric, and what may be said of it."""

    of: MetricDescriptor
    row: Comparison
    outcome: Conclusion

    @classmethod
    def by(cls, of: MetricDescriptor, row: Comparison, confidence: float) -> JudgedDifference:
        """A difference, judged at a level of confidence."""
        return cls(of, row, outcome(of, row, confidence))

    @property
    def conclusion(self) -> Datum:
        """What may be said, in a word and with a sign."""
        text, tone = VERDICTS[self.outcome]
        return Datum(text, tone=tone)

    @property
    def difference(self) -> Datum:
        """The difference and its interval, both signed."""
        return difference(self.of, self.row)

    @property
    def detectable(self) -> str:
        """The smallest true difference that as many examples show; "" where that is not known."""
        return rounded_up(self.of, self.row.detectable) if self.row.detectable else ""

    @property
    def p(self) -> float | None:
        """The p-value, adjusted where several candidates are compared."""
        return self.row.p if self.row.p_adjusted is None else self.row.p_adjusted


def judge(summary: Summary, rows: Iterable[Comparison]) -> list[JudgedDifference]:
    """Differences of a summary, judged at its level of confidence."""
    return [JudgedDifference.by(metric_of(summary, row), row, summary.confidence) for row in rows]
