"""In how many parts cells are asked: where the run ends sooner by more than loading a model once more costs.

Groups of steps go to workers as in a run: a model is loaded once for all its cells. As long as there are workers
without work while the longest group is at it, its large cells are divided among them.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from harness.engines.portion import TOGETHER
from harness.estimate.facts import Facts, UnknownError
from harness.estimate.machine import TIGHT
from harness.estimate.steps import Needs
from harness.estimate.whole import LIGHT_SECONDS, MOST, STEP_SECONDS, TORCH_SECONDS, StepTime
from harness.plan.cell_params import CellParams
from harness.plan.parts import Division, divided, may_be_divided
from harness.plan.steps import Step

GAIN = 0.9
"""The share of its time that a run may take at most after a division that is worth it."""
BYTES_PER_SECOND = 1e9
"""Of weights that are read to be loaded; rough."""


@dataclass(frozen=True)
class Divisible:
    """What decides in how many parts a cell can be asked.

    Attributes:
        most: parts at most: as many as it has examples, or blocks of what is written together, and as there is room
            for models beside each other.
        loading: seconds until one more worker can begin to ask.
    """

    most: int
    loading: float


class Dividing:
    """Answers for the cells of one plan."""

    def __init__(
        self, needs: Needs, facts: Facts, room: Callable[[Step], int] | None = None
    ) -> None:
        """Of cells that run where there is room for so many workers of each; None: on this machine."""
        self._needs, self._facts = needs, facts
        self._room = room or self._room_here

    def told(self, cell: Step) -> Divisible | None:
        """See `Divisible`; None where it is not known what is asked, or of which model."""
        try:
            models = self._needs.models(cell)
            count = self._facts.asked(cell.parents["prompts"]).prompts
            room = self._room(cell)
        except UnknownError:
            return None
        if "generate" in cell.given(CellParams).task.needs:
            together = TOGETHER.get(models[0].device, TOGETHER["gpu"])
            count = -(-count // together)
        starting = LIGHT_SECONDS if "gguf" in cell.parents else TORCH_SECONDS
        reading = sum(model.read_bytes for model in models) / BYTES_PER_SECOND
        return Divisible(min(count, max(1, room)), starting + reading)

    def _room_here(self, cell: Step) -> int:
        """By memory; on a GPU one, which all would share."""
        memory = self._needs.memory(cell)
        if memory is None or memory.device.total:
            return 1
        return int(self._facts.machine.free.resident_bytes / TIGHT // max(1, memory.resident.total))


@dataclass
class _Group:
    """Cells of one model, and what else its worker does."""

    alone: float = 0.0
    """Seconds of what one worker does."""
    loading: float = 0.0
    cells: tuple[tuple[Step, float, int], ...] = ()
    """What can be divided: the cell, its seconds, its parts at most."""
    parts: int = 1

    def workers(self, parts: int) -> list[float]:
        """Seconds of each of its workers."""
        found = [self.loading] * parts
        found[0] += self.alone
        for _, seconds, most in self.cells:
            for number in range(min(parts, most)):
                found[number] += seconds / min(parts, most)
        return found


def by_hand(
    steps: Iterable[Step], parts: int, told: Callable[[Step], Divisible | None]
) -> Division:
    """All cells that can be divided, in so many parts, or as many as they have."""
    found = {}
    for step in filter(may_be_divided, steps):
        of = told(step)
        count = parts if of is None else min(parts, of.most)
        if count > 1:
            found[step.model, step.task] = count
    return found


def worthwhile(
    times: Sequence[tuple[Step, StepTime | None]],
    workers: int,
    told: Callable[[Step], Divisible | None],
) -> Division:
    """The division that ends a run sooner; nothing is divided where a time is not known.

    Args:
        times: of all that is to be done.
        workers: that go on side by side.
        told: of a cell; None where it is not known.
    """
    groups: dict[str, _Group] = {}
    for step, time in times:
        if step.is_timing:
            continue
        if time is None:
            return {}
        group, of = groups.setdefault(step.group, _Group()), None
        if may_be_divided(step):
            of = told(step)
        group.loading = max(group.loading, of.loading if of is not None else time.starting)
        if of is not None and of.most > 1:
            group.cells = (*group.cells, (step, time.likely, of.most))
        else:
            group.alone += time.likely
    _divide(list(groups.values()), workers)
    return {
        (cell.model, cell.task): min(group.parts, most)
        for group in groups.values()
        if group.parts > 1
        for cell, _, most in group.cells
    }


def _divide(groups: list[_Group], workers: int) -> None:
    """Sets in how many parts each group's cells are asked, the longest one's first."""
    for _ in groups:
        longest = max(groups, key=lambda group: max(group.workers(group.parts)))
        now = _span(groups, workers)
        best, parts = now, longest.parts
        for count in range(longest.parts + 1, workers + 1):
            seconds = longest.workers(count)
            if min(seconds) < 2 * longest.loading:
                break  # a worker would load for longer than it asks
            before, longest.parts = longest.parts, count
            found = _span(groups, workers)
            longest.parts = before
            if found < best:
                best, parts = found, count
        if best > GAIN * now:
            return
        longest.parts = parts


def _span(groups: Iterable[_Group], workers: int) -> float:
    """Seconds of a run, whose longest jobs are given out first."""
    ends = [0.0] * workers
    jobs = (seconds for group in groups for seconds in group.workers(group.parts))
    for seconds in sorted(jobs, reverse=True):
        heapq.heapreplace(ends, ends[0] + seconds)
    return max(ends)


def in_parts(
    times: Iterable[tuple[Step, StepTime | None]], division: Division
) -> list[tuple[Step, StepTime | None]]:
    """The steps of a run with the parts of its cells, and how long each takes."""
    found = list[tuple[Step, StepTime | None]]()
    for step, time in times:
        *parts, cell = divided([step], division)
        if time is not None and parts:
            likely, most = time.likely / len(parts), time.most / len(parts)
            found += [(part, replace(time, likely=likely, most=most)) for part in parts]
            time = StepTime(STEP_SECONDS, MOST * STEP_SECONDS, LIGHT_SECONDS)
        else:
            found += [(part, None) for part in parts]
        found.append((cell, time))
    return found
