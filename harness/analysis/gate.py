"""A gate as it is asked of one candidate, and what is known of that candidate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.analysis.paired import PairedDifference
from harness.analysis.timed import Welch
from harness.metrics.percent import shown, unit
from harness.records import MetricDescriptor, Value

Rule = Literal["must", "max_drop", "max_slowdown", "min", "max"]
Outcome = Literal["met", "not met", "undecided"]


@dataclass(frozen=True)
class Gate:
    """What is asked of one candidate.

    `limit` is in the metric's own unit; of `max_slowdown` it is a ratio, of `must` it is 0.
    """

    compare: str
    task: str
    metric: MetricDescriptor
    baseline: str
    candidate: str
    rule: Rule
    limit: float = 0.0
    confidence: float = 0.95
    undecided_passes: bool = False

    @property
    def upwards(self) -> bool:
        """Whether more is better, or neither is."""
        return self.metric.higher_is_better is not False

    @property
    def words(self) -> str:
        """The rule as a reader would say it."""
        match self.rule:
            case "must":
                return "must improve"
            case "max_drop":
                verb = "drop" if self.upwards else "rise"
                return f"must not {verb} by more than {self.said(self.limit, difference=True)}"
            case "max_slowdown":
                return f"must be at most {self.limit:g} times as slow"
            case _:
                return f"must be at {'least' if self.rule == 'min' else 'most'} {self.said(self.limit)}"

    def said(self, limit: float, difference: bool = False) -> str:
        """A limit as reports show the metric, with its unit: 0.03 of an accuracy is "3%", or lost "3 pp"."""
        of = shown(self.metric)
        return f"{of.factor * limit:g}{unit(of, difference)}"


@dataclass(frozen=True)
class Evidence:
    """What is known about the candidate, at the gate's confidence.

    `difference` and `slower` are against the baseline; `value` holds the candidate's own value
    with its one-sided bounds, from `n` examples or rounds. `failure` says why nothing is known.
    """

    difference: PairedDifference | None = None
    slower: Welch | None = None
    value: Value | None = None
    n: int = 0
    failure: str | None = None
