"""What a paired difference entitles a reader to say: the one place where that is decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from harness.analysis.power import DETECTION_POWER
from harness.records import Comparison, MetricDescriptor, Summary
from harness.reporting.blocks import Datum, Tone
from harness.reporting.format import percent_level
from harness.reporting.measures import difference, higher_is_better, metric_of, rounded_up
from harness.reporting.timings import doubts_of, in_doubt

DETECTED_IN = percent_level(DETECTION_POWER)
"""In how many cases a minimum detectable difference is shown."""


class Conclusion(Enum):
    """Better, worse, or why neither may be claimed."""

    BETTER = "better"
    WORSE = "worse"
    CHANGED = "changed"
    """The interval excludes zero, but the metric has no better direction."""
    TENTATIVE = "tentative"
    """The interval excludes zero; the p-value corrected for several comparisons does not agree."""
    NOT_SHOWN = "not shown"
    """The interval of the difference, or that of the ratio of two timings, includes no change."""
    SAME = "same"
    """Not one example scored differently."""
    NO_INTERVAL = "no interval"
    MISSING = "missing"


def outcome(of: MetricDescriptor, row: Comparison, confidence: float) -> Conclusion:
    """Judge a difference by its interval, of timings by that of their ratio too, then by its adjusted p-value.

    Ratio and correction for several comparisons can only take a claim back, never make one.
    """
    if row.delta is None:
        return Conclusion.MISSING
    if row.delta == 0 and row.better == 0 and row.worse == 0:
        return Conclusion.SAME
    if row.low is None or row.high is None:
        return Conclusion.NO_INTERVAL
    if row.low <= 0 <= row.high or not _ratio_agrees(of, row):
        return Conclusion.NOT_SHOWN
    if row.p_adjusted is not None and row.p_adjusted > 1 - confidence + 1e-12:
        return Conclusion.TENTATIVE
    upwards = higher_is_better(of)
    if upwards is None:
        return Conclusion.CHANGED
    return Conclusion.BETTER if (row.delta > 0) == upwards else Conclusion.WORSE


def _ratio_agrees(of: MetricDescriptor, row: Comparison) -> bool:
    """Whether the ratio of two timings lies on the side of the difference with all of its interval."""
    if row.ratio_low is None or row.ratio_high is None:
        return True
    faster = (row.delta or 0.0) > 0 if of.higher_is_better else (row.delta or 0.0) < 0
    return row.ratio_low > 1 if faster else row.ratio_high < 1


VERDICTS: dict[Conclusion, tuple[str, Tone]] = {
    Conclusion.BETTER: ("▲ better", "good"),
    Conclusion.WORSE: ("▼ worse", "bad"),
    Conclusion.CHANGED: ("◆ changed", "plain"),
    Conclusion.TENTATIVE: ("○ not significant after correction", "unsure"),
    Conclusion.NOT_SHOWN: ("○ inconclusive", "unsure"),
    Conclusion.SAME: ("= same", "unsure"),
    Conclusion.NO_INTERVAL: ("? no interval", "unsure"),
    Conclusion.MISSING: ("✗ missing", "bad"),
}


_WORDS = {
    Conclusion.SAME: "no answer scored differently",
    Conclusion.NO_INTERVAL: "without interval",
}


def in_words(found: Conclusion) -> str:
    """What may be said of a difference, in the middle of a sentence."""
    return _WORDS.get(found) or VERDICTS[found][0].partition(" ")[2]


@dataclass(frozen=True)
class JudgedDifference:
    """A paired difference, what is known of its metric, and what may be said of it."""

    of: MetricDescriptor
    row: Comparison
    outcome: Conclusion
    doubts: tuple[str, ...] = ()
    """Why the timings that it is made of are in doubt, in words."""

    @classmethod
    def by(cls, of: MetricDescriptor, row: Comparison, confidence: float) -> JudgedDifference:
        """A difference, judged at a level of confidence."""
        return cls(of, row, outcome(of, row, confidence))

    @property
    def conclusion(self) -> Datum:
        """What may be said, in a word and with a sign; and why it is in doubt."""
        text, tone = VERDICTS[self.outcome]
        return Datum(text, in_doubt(self.doubts), "unsure" if self.doubts else tone)

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
    found = [JudgedDifference.by(metric_of(summary, row), row, summary.confidence) for row in rows]
    return [replace(one, doubts=doubts_of(summary, one.row)) for one in found]
