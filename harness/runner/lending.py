"""What a suite's results at other limits have to lend: a smaller limit asks a part of a larger one's.

Answers are of one make where the plans for one example a task give their cells one key, and the
fine-tunings behind them are the same runs. Of what is timed, which no limit changes, the whole cell
is taken over.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.files import put_in_place, scratch_beside
from harness.plan.graph import Plan
from harness.plan.steps import Step
from harness.results.artifacts import ArtifactStore
from harness.results.limits import other_limits
from harness.results.prompts import take_prompts
from harness.results.store import ResultsStore

DIGITS = 32


@dataclass(frozen=True)
class Lending:
    """Of one suite, at one limit."""

    plan: Plan
    of_one: Callable[[], Plan]
    """Makes the plan of the same suite for one example a task."""
    results: ResultsStore
    artifacts: ArtifactStore
    again: Sequence[Step] = ()
    """What is to be done anew, and is therefore taken from nowhere."""

    @cached_property
    def _keys(self) -> dict[tuple[str, str], str]:
        return {(cell.model, cell.task): cell.answers_key for cell in self.of_one().cells}

    @cached_property
    def others(self) -> tuple[ResultsStore, ...]:
        """The suite's results at other limits."""
        return tuple(map(ResultsStore, other_limits(self.results.folder)))

    def alike(self, cell: Step) -> str:
        """What answers a cell, and how it is asked, whatever the limit.

        A fine-tuning that was done again learned other weights under the same key.
        """
        tuned = [self.plan.steps[key] for key in self.plan.ancestors(cell)]
        made = (self.artifacts.manifest(step) for step in tuned if step.kind == "finetune")
        parts = [self._keys[cell.model, cell.task], *(of.created if of else "" for of in made)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:DIGITS]

    def lenders(self, cell: Step) -> tuple[str, ...]:
        """Folders of the same cell at other limits."""
        if (cell.model, cell.task) in self._anew:
            return ()
        found = (store.cell(cell.model, cell.task).folder for store in self.others)
        return tuple(str(folder) for folder in found if folder.is_dir())

    def whole(self, cell: Step) -> ResultsStore | None:
        """Results at another limit in which this very cell stands answered.

        None, too, where the cell holds answers to other prompts here: these are not thrown away.
        """
        here = self.results.cell(cell.model, cell.task)
        if not cell.is_timing and here.samples_file.exists():
            return None
        for store in () if (cell.model, cell.task) in self._anew else self.others:
            there = store.cell(cell.model, cell.task)
            found = there.result() if there.is_done(cell.key) else None
            if found is not None and found.alike == self.alike(cell):
                return store
        return None

    def take_over(self, cells: Iterable[Step]) -> bool:
        """Copies the cells that stand answered at another limit; gives whether there were any."""
        taken = False
        for cell in cells:
            lender = self.whole(cell)
            if lender is None or self.results.cell(cell.model, cell.task).is_done(cell.key):
                continue
            taken = True
            copy_cell(
                *(store.cell(cell.model, cell.task).folder for store in (lender, self.results))
            )
            for key in (cell.key, *self.plan.ancestors(cell)):
                step = self.plan.steps.get(key)
                kept = lender.kept(step) if step is not None else None
                if kept is not None:
                    self.results.keep(kept)
            if (taken_over := self.results.cell(cell.model, cell.task).result()) is not None:
                take_prompts(self.results.folder, lender.folder, taken_over.prompts)
            if (texts := lender.texts(cell.task)) and not self.results.texts(cell.task):
                self.results.keep_texts(cell.task, texts)
        return taken

    @cached_property
    def _anew(self) -> frozenset[tuple[str, str]]:
        return frozenset((step.model, step.task) for step in self.again)


def copy_cell(there: Path, here: Path) -> None:
    """Copies a cell's folder, which appears whole or not at all."""
    with scratch_beside(here) as scratch:
        shutil.copytree(there, scratch / "cell")
        put_in_place(scratch / "cell", here)


def unless_alike(whole: Plan, limited: Plan, limit: int) -> tuple[Plan, int | None]:
    """The plan of a limit, with it; that of the whole suite where the limit changes nothing."""
    same = [step.key for step in whole.cells] == [step.key for step in limited.cells]
    return (whole, None) if same else (limited, limit)
