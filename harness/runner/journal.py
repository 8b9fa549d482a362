"""An observer that keeps the journal of a run, for whoever watches it from elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.plan.steps import Step
from harness.records import Failure
from harness.results.journal import JournalWriter, StepState
from harness.runner.jobs import Pace
from harness.runner.paces import rates
from harness.runner.walk import Observer, Word

BETWEEN_SECONDS = 2.0
"""Progress of a step is written at most that often."""


@contextmanager
def journal(
    folder: Path,
    steps: Sequence[Step],
    cells: Sequence[Step],
    observer: Observer,
    clock: Callable[[], float] = time.time,
) -> Iterator[Observer]:
    """An observer that tells another all it hears, and writes it down.

    Args:
        folder: results/<suite>.
        steps: all that the run will do; where there are none, no journal is begun.
        cells: all that are wanted, those that are there already among them.
        observer: hears everything, too.
        clock: seconds since 1970.
    """
    if not steps:
        yield observer
        return
    writer = JournalWriter(folder, clock)
    todo = {id(step) for step in steps}
    writer.began(
        [StepState(s.label, s.kind, s.model, s.task, not s.row.in_place) for s in steps],
        [(cell.model, cell.task) for cell in cells if id(cell) not in todo],
    )
    places = {id(step): place for place, step in enumerate(steps)}
    try:
        yield _Journal(writer, places, observer, clock)
    finally:
        writer.close()


@dataclass(frozen=True)
class _Journal:
    writer: JournalWriter
    places: dict[int, int]
    """Of the steps, by identity: cells of models that are defined alike share a key."""
    observer: Observer
    clock: Callable[[], float]
    told: dict[int, float] = field(default_factory=dict)

    def started(self, step: Step) -> None:
        self.writer.tell("started", step=self.places[id(step)])
        self.observer.started(step)

    def progressed(
        self, step: Step, done: int, total: int, unit: str, pace: Pace | None = None
    ) -> None:
        now, place = self.clock(), self.places[id(step)]
        if now - self.told.get(place, -BETWEEN_SECONDS) >= BETWEEN_SECONDS or done >= total:
            self.told[place] = now
            said = rates(pace, unit) if pace is not None else ""
            self.writer.tell("progress", step=place, done=done, total=total, unit=unit, pace=said)
        self.observer.progressed(step, done, total, unit, pace)

    def noted(self, step: Step, word: Word, why: str) -> None:
        self.observer.noted(step, word, why)

    def finished(self, step: Step) -> None:
        self.writer.tell("done", step=self.places[id(step)])
        self.observer.finished(step)

    def failed(self, step: Step, failure: Failure) -> None:
        what = {"message": failure.message, "hint": failure.hint}
        self.writer.tell("failed", step=self.places[id(step)], **what)
        self.observer.failed(step, failure)
