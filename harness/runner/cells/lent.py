"""Answers that need not be asked for again: the same model gave them to the same prompts at another limit.

They stand in the cell's own folder, where its limit was another, and in those of other limits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.plan.cell_params import CellParams
from harness.records import Cell, Sample
from harness.results.cell_folder import CellFolder
from harness.runner.jobs import StepJob
from harness.tasks.ask import same_answers
from harness.tasks.prompts import PromptSet


@dataclass(frozen=True)
class Lent:
    """What a cell takes over, and what it leaves lying for others."""

    samples: Sequence[Sample]
    """Answers to prompts of this cell, as its own."""
    spare: Sequence[Sample]
    """Those of its folder that answer no prompt of it: under what they share with it, to be kept."""
    asked: Cell | None
    """What was noted when one of the lenders was asked; None where no result tells."""


def lent(job: StepJob, folder: CellFolder, prompts: PromptSet, have: Collection[int]) -> Lent:
    """What can be taken over.

    Args:
        job: of the cell.
        folder: of the cell, as it stands before it is asked.
        prompts: that it is asked.
        have: indices of those that it has answers to.
    """
    if not job.alike:
        return Lent((), (), None)
    key = job.step.answers_key
    own = _answers(folder, job.alike, key)
    others = [found for place in job.lenders for found in _answers(_at(place), job.alike, key)]
    pool = {(sample.prompt, sample.id): sample for sample in (*others, *own) if sample.prompt}
    same = same_answers(job.step.given(CellParams).task.type, prompts)
    wanted = {(prompts.sha256_of(prompt), prompt.id): prompt for prompt in prompts.prompts}
    taken = [
        sample.model_copy(update={"key": key, "index": wanted[name].index})
        for name, sample in pool.items()
        if name in wanted and wanted[name].index not in have and same(wanted[name], sample)
    ]
    left = {(of.prompt, of.id): of for of in own if (of.prompt, of.id) not in wanted}
    spare = [
        sample.model_copy(update={"key": job.alike, "index": place})
        for place, sample in enumerate(left.values())
    ]
    results = [CellFolder(folder.folder), *map(_at, job.lenders)]
    asked = (_asked(of, job.alike) for of in results)
    return Lent(taken, spare, next((cell for cell in asked if cell is not None), None))


def _at(place: str) -> CellFolder:
    return CellFolder(Path(place))


def _answers(folder: CellFolder, alike: str, key: str) -> list[Sample]:
    """All answers of a folder that were given alike, but those under a cell's own key."""
    found = folder.noted()
    keys = {alike} | ({found.samples_key} if found is not None and found.alike == alike else set())
    return [sample for one in sorted(keys - {key}) for sample in folder.samples(one)]


def _asked(folder: CellFolder, alike: str) -> Cell | None:
    found = folder.noted()
    return found if found is not None and found.status == "ok" and found.alike == alike else None
