"""Steps that are done anew (`--again`): what they gave stays until the new is there.

Cells stand aside meanwhile, in results that one run alone has. Artifacts, which other suites use at the same time, stay
where they are, and the new take their place.
"""

from __future__ import annotations

import fnmatch
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.errors import InputError
from harness.plan.graph import Plan
from harness.plan.steps import Step
from harness.results.artifacts import ArtifactStore
from harness.results.store import ResultsStore

EARLIER = "earlier"
"""The folder of results in which cells stand aside."""


def steps_again(plan: Plan, cells: Sequence[Step], pattern: str | None) -> tuple[Step, ...]:
    """The steps that a pattern asks for again, parents first.

    It fits a model, a task or model/task (their cells), or the label or kind of another step. What is
    made or asked of a fine-tuning that is done again is done again, too, since it learns other weights.

    Args:
        plan: of the suite.
        cells: those that were selected.
        pattern: with `*` and `?`; None asks for nothing.

    Raises:
        InputError: it fits nothing.
    """
    if pattern is None:
        return ()
    chosen = [cell for cell in cells if fits(cell, pattern)]
    made = [step for step in plan.steps.values() if not step.row.in_place]
    named = [s for s in made if any(fnmatch.fnmatchcase(w, pattern) for w in (s.label, s.kind))]
    if not chosen and not named:
        words = ", ".join(f"{cell.model}/{cell.task}" for cell in cells)
        steps = "; ".join(step.label for step in made)
        raise InputError(
            f"--again {pattern}: no model, task, model/task or step fits",
            f"Cells: {words}. Steps: {steps}.",
        )
    again = {step.key for step in named}
    moved = {step.key for step in named if step.kind == "finetune"}
    for step in (*made, *cells):
        if moved & {*step.parents.values(), *step.after}:
            moved.add(step.key)
    found = [step for step in made if step.key in again | moved]
    return (*found, *(cell for cell in cells if cell in chosen or cell.key in moved))


def fits(cell: Step, pattern: str) -> bool:
    """Whether a pattern is of a cell's model, of its task, or of both with a slash between."""
    words = (cell.model, cell.task, f"{cell.model}/{cell.task}")
    return any(fnmatch.fnmatchcase(word, pattern) for word in words)


def makes_of(steps: Iterable[Step], artifacts: ArtifactStore) -> dict[str, str]:
    """Which make of each artifact is to be replaced, by the step's key; "" where there is none yet."""
    found = {step.key: artifacts.manifest(step) for step in steps if step.row.is_artifact}
    return {key: "" if manifest is None else manifest.make for key, manifest in found.items()}


@contextmanager
def set_aside(steps: Iterable[Step], results: ResultsStore) -> Iterator[None]:
    """Puts what cells have out of the way; afterwards it goes where the new is there, and else it
    comes back, whatever happened."""
    cells = [step for step in steps if step.kind == "cell"]
    for place, aside in (_places(step, results) for step in cells):
        if place.exists():
            aside.parent.mkdir(parents=True, exist_ok=True)
            os.replace(place, aside)
    try:
        yield
    finally:
        bring_back(cells, results)


def bring_back(cells: Iterable[Step], results: ResultsStore) -> None:
    """Of what stands aside, also since a run that was killed: takes back what has nothing new in its
    place, and deletes the rest."""
    if not (results.folder / EARLIER).exists():
        return
    for step in cells:
        place, aside = _places(step, results)
        if not aside.exists():
            continue
        if not results.cell(step.model, step.task).is_done(step.key):
            shutil.rmtree(place, ignore_errors=True)
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(aside, place)
        shutil.rmtree(aside, ignore_errors=True)
        with suppress(OSError):  # others may stand there
            aside.parent.rmdir()
            aside.parent.parent.rmdir()


def _places(cell: Step, results: ResultsStore) -> tuple[Path, Path]:
    """Where what a cell has lies, and where it stands aside."""
    aside = results.folder / EARLIER / cell.model / cell.task
    return results.cell(cell.model, cell.task).folder, aside


def chosen(plan: Plan, only: str | None) -> tuple[Step, ...]:
    """The cells that `--only` selects.

    Raises:
        InputError: it selects none.
    """
    if only is None:
        return plan.cells
    found = tuple(step for step in plan.cells if fits(step, only))
    if not found:
        words = ", ".join(f"{step.model}/{step.task}" for step in plan.cells)
        raise InputError(f"--only {only}: no model, task or model/task fits", f"There are: {words}")
    return found
