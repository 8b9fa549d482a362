"""Cells that several workers ask: the steps of a walk with their parts, and all parts seen as the one cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from harness.plan.parts import Division, divided
from harness.plan.steps import Step
from harness.records import Failure
from harness.results.store import ResultsStore
from harness.runner.jobs import Pace
from harness.runner.walk import Observer, Word


def with_parts(
    steps: Sequence[Step],
    division: Division,
    results: ResultsStore,
    is_again: Callable[[Step], bool] = lambda step: False,
) -> list[Step]:
    """Steps with the parts of cells that are still to be asked.

    Args:
        steps: of a walk.
        division: of cells; one of which nothing is to be asked, since only its metrics are new, is left whole.
        results: of the suite.
        is_again: whether a cell is asked anew, whatever it answered before.
    """
    found = list[Step]()
    for step in steps:
        asked = step.kind == "cell" and (step.model, step.task) in division
        if asked and not is_again(step) and _is_answered(step, results):
            found.append(step)
        elif asked:
            parts = divided([step], division)
            found += [of for of in parts if of.kind != "part" or not _is_done(of, results)]
        else:
            found.append(step)
    return found


def _is_answered(cell: Step, results: ResultsStore) -> bool:
    noted = results.cell(cell.model, cell.task).noted()
    return noted is not None and noted.status == "ok" and noted.samples_key == cell.answers_key


def _is_done(part: Step, results: ResultsStore) -> bool:
    return results.of(part).is_done(part.key)


@dataclass
class AsOneCell:
    """An observer of a walk with parts; it tells another of their cells, as if each were one step."""

    observer: Observer
    steps: Sequence[Step]
    """As the other one knows them."""
    _at: dict[int, dict[str, tuple[int, Pace | None]]] = field(default_factory=dict)
    """By place of a cell that was started: how far each of its parts is."""

    def __post_init__(self) -> None:
        self._places = {
            (step.key, step.model, step.task): place for place, step in enumerate(self.steps)
        }

    def _place(self, step: Step) -> int:
        key = getattr(step.params, "cell", "") if step.kind == "part" else step.key
        return self._places[key, step.model, step.task]

    def started(self, step: Step) -> None:
        place = self._place(step)
        if place not in self._at:
            self._at[place] = {}
            self.observer.started(self.steps[place])

    def progressed(
        self, step: Step, done: int, total: int, unit: str, pace: Pace | None = None
    ) -> None:
        place = self._place(step)
        if step.kind == "part":
            told = self._at[place]
            told[step.key] = (done, pace or told.get(step.key, (0, None))[1])
            done, pace = (
                sum(of for of, _ in told.values()),
                _together([of for _, of in told.values()]),
            )
        self.observer.progressed(self.steps[place], done, total, unit, pace)

    def noted(self, step: Step, word: Word, why: str) -> None:
        place = self._place(step)
        self.observer.noted(self.steps[place], word, why)
        if step.kind == "part" and word == "again":  # the other parts go on
            self.observer.started(self.steps[place])
        elif word == "again":
            self._at.pop(place, None)

    def finished(self, step: Step) -> None:
        if step.kind != "part":
            self.observer.finished(self.steps[self._place(step)])

    def failed(self, step: Step, failure: Failure) -> None:
        if step.kind != "part":
            self.observer.failed(self.steps[self._place(step)], failure)


def _together(paces: Sequence[Pace | None]) -> Pace | None:
    """Of workers that go on side by side."""
    found = [pace for pace in paces if pace is not None]
    if not found:
        return None
    return replace(
        max(found, key=lambda pace: pace.seconds),
        examples=sum(pace.examples for pace in found),
        tokens=sum(pace.tokens for pace in found),
    )
