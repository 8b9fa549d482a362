"""Keeps what steps find beside the results, as they end."""

from __future__ import annotations

from dataclasses import dataclass

from harness.plan.steps import Step
from harness.records import Failure
from harness.results.artifacts import ArtifactStore
from harness.results.store import ResultsStore
from harness.runner.jobs import Pace
from harness.runner.walk import Observer


@dataclass(frozen=True)
class Keeper:
    """An observer of a walk that tells another all it hears, and first keeps what was found."""

    artifacts: ArtifactStore
    results: ResultsStore
    observer: Observer

    def started(self, step: Step) -> None:
        self.observer.started(step)

    def progressed(
        self, step: Step, done: int, total: int, unit: str, pace: Pace | None = None
    ) -> None:
        self.observer.progressed(step, done, total, unit, pace)

    def finished(self, step: Step) -> None:
        manifest = self.artifacts.manifest(step) if step.row.is_artifact else None
        if manifest is not None:
            self.results.keep(manifest)
        self.observer.finished(step)

    def failed(self, step: Step, failure: Failure) -> None:
        self.observer.failed(step, failure)
