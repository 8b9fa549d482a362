"""How a cluster would spend its time on a suite, step by step, from what each is estimated to take.

The same graph by the same rules as a run: `ReadySteps` gives out groups, as many jobs side by side as a run
has; each goes, in the order that they were given out, to the node with the largest share of its cores free
among those with room for it; what is timed waits until its node is idle, and has all of it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from harness.executors.nodes import Need, Node, place_of, settled
from harness.executors.on_ray import is_local
from harness.plan.steps import Step
from harness.runner.ready import ReadySteps

ROUNDING = 1e-9


@dataclass(frozen=True)
class PlacedJob:
    """Steps that one worker does, one after the other."""

    steps: tuple[int, ...]
    need: Need
    node: str
    """Its id; "" where the command is given."""
    begins: float
    """Seconds from the start of the run."""
    ends: tuple[float, ...]
    """Of each step."""

    @property
    def end(self) -> float:
        """Of the last one."""
        return self.ends[-1]

    @property
    def seconds(self) -> float:
        """That it holds its node."""
        return self.end - self.begins


def simulate(
    steps: Sequence[Step],
    needs: Callable[[Step], Need],
    seconds: Callable[[int, int], Sequence[float]],
    nodes: Sequence[Node],
    at_once: int,
) -> tuple[PlacedJob, ...]:
    """The jobs of a run, in the order that they begin in.

    Args:
        steps: in the order that they are wanted in; a parent that is not among them counts as done.
        needs: of a step; each is met by one of the nodes.
        seconds: by number of a step and threads that it gets, those of its worker until it can begin and
            its own.
        nodes: of the cluster.
        at_once: jobs that are given out at most.
    """
    return _Simulation(steps, needs, seconds, nodes, at_once).run()


@dataclass
class _Free:
    """What a node has that nobody holds."""

    node: Node
    left: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self.left = amounts(self.node)

    @property
    def share(self) -> float:
        return self.left["cores"] / self.node.cpus if self.node.cpus else 0.0

    def has(self, need: Need) -> bool:
        return all(self.left.get(of, 0.0) >= much - ROUNDING for of, much in amounts(need).items())

    def hold(self, need: Need, sign: int = 1) -> None:
        for of, much in amounts(need).items():
            self.left[of] = self.left.get(of, 0.0) - sign * much


def amounts(of: Need | Node) -> dict[str, float]:
    """What a job holds, or a node has, by name."""
    own = {"cores": of.cpus, "GPUs": of.gpus, "memory": float(of.memory_bytes)}
    return {**own, **of.custom}


class _Simulation:
    def __init__(
        self,
        steps: Sequence[Step],
        needs: Callable[[Step], Need],
        seconds: Callable[[int, int], Sequence[float]],
        nodes: Sequence[Node],
        at_once: int,
    ) -> None:
        self._steps, self._needs, self._seconds, self._nodes = steps, needs, seconds, nodes
        self._at_once = at_once
        self._free = {node.id: _Free(node) for node in nodes}
        self._ready = ReadySteps(steps, one_machine=False)
        self._now, self._given = 0.0, 0
        self._waiting: list[tuple[tuple[int, ...], Need, Node | None]] = []
        self._events: list[tuple[float, int, int]] = []
        """When the step at a place of a job ends, number of the job, place."""
        self._placed: list[PlacedJob] = []

    def run(self) -> tuple[PlacedJob, ...]:
        self._go_on()
        while self._events:
            self._now, number, place = heapq.heappop(self._events)
            job = self._placed[number]
            self._ready.end(job.steps[place])
            if place == len(job.steps) - 1:
                self._ready.give_back(job.steps)
                self._given -= 1
                if job.node:
                    self._free[job.node].hold(job.need, -1)
            if not self._events or self._events[0][0] > self._now:
                self._go_on()
        return tuple(self._placed)

    def _go_on(self) -> None:
        """Gives out what can be, and begins what there is room for."""
        while self._given < self._at_once and (batch := self._ready.take()):
            self._given += 1
            need, node = self._need([self._steps[number] for number in batch])
            self._waiting.append((batch, need, node))
        self._waiting = [one for one in self._waiting if not self._begin(*one)]

    def _need(self, steps: Sequence[Step]) -> tuple[Need, Node | None]:
        """As `RayExecutor` finds it."""
        need = self._needs(steps[0])
        for step in steps[1:]:
            need = need.beside(self._needs(step))
        need = settled(need, self._nodes)
        node = place_of(need, self._nodes) if steps[0].is_timing else None
        return (replace(need, cpus=node.cpus) if node is not None else need), node

    def _begin(self, batch: tuple[int, ...], need: Need, node: Node | None) -> bool:
        where = ""
        if not any(is_local(self._steps[number]) for number in batch):
            among = [self._free[node.id]] if node is not None else self._free.values()
            room = [free for free in among if free.has(need)]
            if not room:
                return False
            best = max(room, key=lambda free: free.share)
            best.hold(need)
            where = best.node.id
        now, ends, waits = self._now, list[float](), 0.0
        for number in batch:
            starting, own = self._seconds(number, max(1, int(need.cpus)))
            # One process does all, and begins once, with the longest beginning of them.
            now += max(0.0, starting - waits) + own
            waits = max(waits, starting)
            ends.append(now)
        number = len(self._placed)
        self._placed.append(PlacedJob(batch, need, where, self._now, tuple(ends)))
        for place, end in enumerate(ends):
            heapq.heappush(self._events, (end, number, place))
        return True


def longest_chain(
    steps: Sequence[Step], jobs: Iterable[PlacedJob]
) -> tuple[float, tuple[PlacedJob, ...]]:
    """How long the jobs take if nobody ever waits for room, and those that take so long, first to last.

    One waits for the steps that its own need, for its group's job before it, and what is timed for what
    was timed before.
    """
    ends: dict[str, tuple[float, int]] = {}
    """By key of a step: when it ends at the earliest, and its job."""
    of_group: dict[str, tuple[float, int]] = {}
    known: list[tuple[PlacedJob, int]] = []
    last: tuple[float, int] = (0.0, -1)
    for number, job in enumerate(jobs):
        mine = [steps[one] for one in job.steps]
        group = "timed" if mine[0].is_timing else f"group {mine[0].group}"
        own = {step.key for step in mine}
        before = [ends[key] for step in mine for key in step.needs - own if key in ends]
        begins, earlier = max([*before, of_group.get(group, (0.0, -1))])
        known.append((job, earlier))
        for step, end in zip(mine, job.ends, strict=True):
            ends[step.key] = max((begins + end - job.begins, number), ends.get(step.key, (0.0, -1)))
        of_group[group] = (begins + job.seconds, number)
        last = max(last, of_group[group])
    chain, at = list[PlacedJob](), last[1]
    while at >= 0:
        job, at = known[at]
        chain.append(job)
    return last[0], tuple(reversed(chain))


def least_seconds(jobs: Iterable[PlacedJob], nodes: Sequence[Node]) -> Mapping[str, float]:
    """By what nodes have: how long the jobs take at least if all of it is held all the time."""
    held: dict[str, float] = {}
    for job in jobs:
        for of, much in amounts(job.need).items() if job.node else ():
            held[of] = held.get(of, 0.0) + much * job.seconds
    there: dict[str, float] = {}
    for node in nodes:
        for of, much in amounts(node).items():
            there[of] = there.get(of, 0.0) + much
    return {of: held[of] / there[of] for of in held if there.get(of)}
