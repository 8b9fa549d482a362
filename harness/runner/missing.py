"""Which steps of a plan have to be done: what is wanted, and is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.plan.graph import Plan
from harness.plan.steps import Step


@dataclass(frozen=True)
class Missing:
    """Of one plan, as things stand."""

    plan: Plan
    again: Sequence[Step]
    """Steps that are done anew."""
    is_cached: Callable[[Step], bool]
    """Whether what a step makes is there."""
    left_out: frozenset[str] = frozenset()
    """Keys of findings that nothing is made from, and that somebody else sees to."""

    def to_do(self, cells: Sequence[Step]) -> list[Step]:
        """The steps that have to be done for some cells to be answered, parents first; what is timed last."""
        open_cells = [cell for cell in cells if not self.is_cached(cell)]
        checks = {key for cell in open_cells for key in self.plan.models[cell.model].checks}
        floors = {self.plan.floors[c.task] for c in open_cells if c.task in self.plan.floors}
        checks |= floors - self.left_out
        again = {step.key for step in self.again if step.row.is_artifact}
        measured = {step.key: step for step in self._open_precision(cells)}
        needed = {*checks, *again, *measured}
        needed.update(self.plan.ancestors(*open_cells, *(self.plan.steps[key] for key in needed)))
        read = again | {key for cell in open_cells for key in cell.parents.values()}
        missing = self._missing(needed, read)
        timed = {(cell.model, cell.task) for cell in open_cells if cell.is_timing}
        rounds = [
            step
            for step in self.plan.rounds
            if (step.model, step.task) in timed and not self.is_cached(step)
        ]
        asked = [cell for cell in open_cells if not cell.is_timing]
        last = [cell for cell in open_cells if cell.is_timing]
        first = [step for step in missing if step.key not in measured]
        return [*first, *asked, *measured.values(), *rounds, *last]

    def to_make(self, keys: Iterable[str]) -> list[Step]:
        """The steps that have to be done for the files of some steps to be there, parents first."""
        wanted = set(keys)
        needed = {*wanted, *self.plan.ancestors(*(self.plan.steps[key] for key in wanted))}
        return self._missing(needed, wanted)

    def used(self, cells: Sequence[Step], files: frozenset[str]) -> set[str]:
        """Keys of artifacts that are there and whose files are read, for cells to be answered or for
        files of some steps to be there."""
        todo = [*self.to_do(cells), *self.to_make(files)]
        read = files | {key for step in todo for key in step.parents.values()}
        steps = (self.plan.steps[key] for key in read)
        return {of.key for of in steps if not of.row.in_place and self.is_cached(of)}

    def _missing(self, needed: set[str], read: set[str]) -> list[Step]:
        """Of the needed steps those that are not done, and whose files are read or findings wanted."""
        missing: list[Step] = []
        read = set(read)
        for step in reversed(self.plan.steps.values()):
            wanted = step.row.in_place or step.row.gives == "findings" or step.key in read
            if step.key in needed and wanted and not self.is_cached(step):
                missing.append(step)
                read.update(step.parents.values())
        return missing[::-1]

    def _open_precision(self, cells: Sequence[Step]) -> list[Step]:
        """Steps that measure what 16 bits change, of selected tasks: behind all that is asked."""
        tasks = {cell.task for cell in cells} & self.plan.precision.keys()
        steps = [self.plan.precision[task].step for task in self.plan.precision if task in tasks]
        wanted = (key for key in dict.fromkeys(steps) if key and key not in self.left_out)
        open_steps = [self.plan.steps[key] for key in wanted]
        return [step for step in open_steps if not self.is_cached(step)]
