"""What a report is made from: the summary, and the answers beside it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from harness.assignment.changes import Demo, demo
from harness.records import Summary
from harness.reporting.kinds import without_replicas
from harness.results.store import ResultsStore


@dataclass(frozen=True)
class Source:
    """The results of one suite."""

    summary: Summary
    results: ResultsStore

    @cached_property
    def main(self) -> Summary:
        """The summary with each fine-tuning once."""
        return without_replicas(self.summary)

    @cached_property
    def demo(self) -> Demo | None:
        """Examples of what fine-tuning changed."""
        return demo(self.summary, self.results)
