"""Keeps what steps find beside the results, and why cells failed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from harness.plan.graph import Plan
from harness.plan.steps import Step
from harness.records import Cell, Failure
from harness.results.artifacts import TEXTS, ArtifactStore
from harness.results.prompts import forget_prompts
from harness.results.store import ResultsStore
from harness.runner.jobs import Pace
from harness.runner.walk import Observer, Word


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

    def noted(self, step: Step, word: Word, why: str) -> None:
        self.observer.noted(step, word, why)

    def finished(self, step: Step) -> None:
        manifest = self.artifacts.manifest(step) if step.row.is_artifact else None
        if manifest is not None:
            self.results.keep(manifest)
        if step.kind == "cell":
            self.results.cell(step.model, step.task).forget_parts()
        self.observer.finished(step)

    def failed(self, step: Step, failure: Failure) -> None:
        self.observer.failed(step, failure)


def keep_failure(results: ResultsStore, cell: Step, failure: Failure, alike: str) -> None:
    """Writes that a cell failed; what it answered before that stays."""
    folder = results.cell(cell.model, cell.task)
    folder.finish(
        Cell(
            key=cell.key,
            answers="" if cell.answers_key == cell.key else cell.answers_key,
            alike=alike,
            model=cell.model,
            task=cell.task,
            status="failed",
            n=len(folder.samples(cell.answers_key)),
            error=failure,
        )
    )


def keep_findings(plan: Plan, results: ResultsStore, artifacts: ArtifactStore) -> None:
    """Findings of steps that another suite or run made count here too."""
    for step in plan.steps.values():
        if not step.row.in_place and results.kept(step) is None:
            manifest = artifacts.manifest(step)
            if manifest is not None:
                results.keep(manifest)
    for (task, _), key in plan.prompts.items():
        step = plan.steps[key]
        if artifacts.manifest(step, thoroughly=True) is None:
            continue
        made = artifacts.folder(step)
        results.keep_prompts(made)
        with suppress(OSError, ValueError):  # an earlier version wrote none of an endpoint's
            results.keep_texts(task, json.loads((made / TEXTS).read_text(encoding="utf-8")))


def forget_stale_prompts(plan: Plan, results: ResultsStore) -> None:
    """Deletes the texts of prompts that no cell was asked by, nor will be by this plan."""
    answered = [results.cell(step.model, step.task).result() for step in plan.cells]
    made = [results.kept(plan.steps[key]) for key in plan.prompts.values()]
    wanted = {cell.prompts for cell in answered if cell is not None}
    wanted |= {str(of.outcome.get("sha256")) for of in made if of is not None}
    forget_prompts(results.folder, wanted)


def failed_cells(results: ResultsStore, cells: Iterable[Step]) -> tuple[tuple[Step, Failure], ...]:
    """Of some cells those that failed, with the reason that was kept."""
    found = ((cell, results.cell(cell.model, cell.task).result()) for cell in cells)
    return tuple((cell, of.error) for cell, of in found if of is not None and of.error is not None)
