"""In how many parts cells are asked: where the run ends sooner by more than loading a model once more costs.

Groups of steps go to workers as in a run: a model is loaded once for all its cells. As long as workers have no work
while others are at long groups, the large cells of these are divided among them.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
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

    def seconds(self, number: int, parts: int) -> float:
        """Of one of its workers, by number; the first takes longest, and the last one's time is the shortest."""
        shares = (
            seconds / min(parts, most)
            for _, seconds, most in self.cells
            if number < min(parts, most)
        )
        return self.loading + (0.0 if number else self.alone) + sum(shares)

    def within(self, seconds: float, workers: int) -> int | None:
        """The fewest parts of which none takes longer; None where there are none, or a worker would load for longer
        than it asks."""
        counts = range(1, workers + 1)
        count = 1 + bisect_left(counts, -seconds, key=lambda parts: -self.seconds(0, parts))
        if count > workers:
            return None
        is_short = count > 1 and self.seconds(count - 1, count) < 2 * self.loading
        return None if is_short else count


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


def _divide(groups: Sequence[_Group], workers: int) -> None:
    """Sets in how many parts each group's cells are asked: as many as let the run end sooner by more than `GAIN` each time
    that no worker may take longer than a tenth less."""
    least = longest = _span(_seconds(groups, [1] * len(groups)), workers)
    while longest > 0.0:
        longest *= GAIN
        parts = [group.within(longest, workers) for group in groups]
        counts = [count for count in parts if count is not None]
        if len(counts) < len(groups):
            return
        seconds = _seconds(groups, counts)
        if sum(seconds) > GAIN * least * workers:
            return  # all are busy: what is gained is lost by loading
        if (span := _span(seconds, workers)) <= GAIN * least:
            least = span
            for group, count in zip(groups, counts, strict=True):
                group.parts = count


def _seconds(groups: Iterable[_Group], parts: Iterable[int]) -> list[float]:
    """Of all workers that groups have in so many parts each."""
    pairs = zip(groups, parts, strict=True)
    return [group.seconds(number, count) for group, count in pairs for number in range(count)]


def _span(jobs: Iterable[float], workers: int) -> float:
    """Seconds of a run, whose longest jobs are given out first."""
    ends = [0.0] * workers
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
