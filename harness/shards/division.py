"""Divides the cells of a plan over shards so that as little as can be is made twice.

What has to be made (a fine-tuning, a merge, a GGUF) holds together all models that need it: they are one
unit, and lie in one shard. Units are given out by the time they are estimated to take, longest first, each
to the shard that has least so far (Graham 1969, "LPT"). A unit for which nothing is made, such as a model that
is only asked, is cut by task where it alone would take longer than a fair share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from harness.plan.cell_params import CellParams
from harness.plan.graph import Plan
from harness.plan.kinds import Kind
from harness.plan.steps import Step

MADE: frozenset[Kind] = frozenset({"finetune", "merge", "convert", "quantize", "adapter-gguf"})
"""Kinds of steps that are not done twice where that can be avoided. Downloads and random weights, prompts and
their checks are done by every shard that needs them: the same files, in seconds or by the network alone."""

Weigh = Callable[[Step], float]
"""Seconds of a step on some machine, the same for every shard that asks."""


@dataclass(frozen=True)
class Unit:
    """Cells that lie in one shard."""

    cells: tuple[Step, ...]
    seconds: float
    """Of asking them, and of making what they need."""
    divisible: bool = False
    """Whether nothing would be made twice were they parted."""


def units_of(plan: Plan, weigh: Weigh) -> list[Unit]:
    """The units of a plan, in the order of their first cells."""
    made_for, links = _made(plan), _Links()
    for cell in plan.cells:
        links.join(_model(cell), *made_for(cell))
    members: dict[str, list[Step]] = defaultdict(list)
    for cell in plan.cells:
        members[links.root(_model(cell))].append(cell)
    rounds: dict[tuple[str, str], float] = defaultdict(float)
    for step in plan.rounds:
        rounds[step.model, step.task] += weigh(step)
    found = []
    for cells in members.values():
        made = dict.fromkeys(key for cell in cells for key in made_for(cell))
        asking = sum(weigh(cell) + rounds[cell.model, cell.task] for cell in cells)
        making = sum(weigh(plan.steps[key]) for key in made)
        parted = not made and all(cell.given(CellParams).endpoint is None for cell in cells)
        found.append(Unit(tuple(cells), asking + making, parted))
    return found


def divide(units: Sequence[Unit], count: int, weigh: Weigh) -> list[list[Step]]:
    """The cells of each of so many shards; some have none where there are fewer units.

    Args:
        units: in the order of their first cells.
        count: of shards.
        weigh: of cells of a unit that is cut.
    """
    fair = sum(unit.seconds for unit in units) / count
    parts = [part for unit in units for part in _cut(unit, fair, weigh)]
    shards: list[list[Step]] = [[] for _ in range(count)]
    loads = [0.0] * count
    for part in sorted(parts, key=lambda part: -part.seconds):
        least = min(range(count), key=lambda number: (loads[number], len(shards[number]), number))
        shards[least] += part.cells
        loads[least] += part.seconds
    return shards


def left_to_others(
    plan: Plan, shards: Sequence[Iterable[Step]], number: int, references: Mapping[str, str]
) -> frozenset[str]:
    """Keys of findings on whole tasks that another shard than this one has: each is had once.

    They lie with the first cell of their task; what 16 bits change in a reference lies with a cell of the reference,
    where that is asked the task, too.

    Args:
        plan: of the suite.
        shards: the cells of each.
        number: of this one, from 1.
        references: by task the model that others are held against.
    """
    place = {(cell.model, cell.task): at for at, cells in enumerate(shards) for cell in cells}
    first: dict[str, int] = {}
    for cell in plan.cells:
        first.setdefault(cell.task, place[cell.model, cell.task])
    found = {key: first[task] for task, key in plan.floors.items() if task in first}
    for task, precision in plan.precision.items():
        if precision.step and task in first:
            found[precision.step] = place.get((references[task], task), first[task])
    return frozenset(key for key, at in found.items() if at != number - 1)


def _cut(unit: Unit, fair: float, weigh: Weigh) -> list[Unit]:
    """A unit in parts of about a fair share, each of cells that stand side by side."""
    if not unit.divisible or unit.seconds <= fair or len(unit.cells) < 2:
        return [unit]
    count = min(len(unit.cells), -int(-unit.seconds // fair))
    share, done = unit.seconds / count, 0.0
    parts: list[list[Step]] = [[] for _ in range(count)]
    for cell in unit.cells:
        seconds = weigh(cell)
        middle = done + seconds / 2
        parts[min(count - 1, int(middle // share))].append(cell)
        done += seconds
    return [Unit(tuple(part), sum(map(weigh, part))) for part in parts if part]


def _made(plan: Plan) -> Callable[[Step], tuple[str, ...]]:
    """Keys of what has to be made for a step, and for what is checked before it."""

    @cache
    def of_key(key: str) -> frozenset[str]:
        step = plan.steps[key]
        above = (of_key(parent) for parent in step.needs if parent in plan.steps)
        return frozenset({key} if step.kind in MADE else ()).union(*above)

    def made(step: Step) -> tuple[str, ...]:
        return tuple(sorted(frozenset().union(*(of_key(k) for k in step.needs if k in plan.steps))))

    return made


def _model(cell: Step) -> str:
    """What holds the cells of a model together; models that cost money share one ledger."""
    connection = cell.given(CellParams).connection
    paid = connection is not None and connection.spend is not None
    return "paid" if paid else f"model {cell.model}"


class _Links:
    """Names that are joined, by the first of each that was named (union-find)."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def root(self, name: str) -> str:
        """The one that stands for all that it is joined with."""
        while (above := self._above.setdefault(name, name)) != name:
            self._above[name] = self._above.setdefault(above, above)
            name = above
        return name

    def join(self, first: str, *others: str) -> None:
        """Joins them all."""
        for other in others:
            self._above[self.root(other)] = self.root(first)
