"""How long a suite takes on a cluster, and what would make it shorter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.estimate.whole import MOST, StepTime
from harness.executors.nodes import Need, Node, jobs_at_once, refuse_unmet
from harness.executors.on_ray import is_local
from harness.executors.schedule import PlacedJob, amounts, least_seconds, longest_chain, simulate
from harness.plan.steps import Step

CHAIN = "chain"
TIGHT = 0.9
"""Share of the whole time from which on a bound is what limits it."""


@dataclass(frozen=True)
class Link:
    """A job of the longest chain."""

    label: str
    """Of its first step."""
    others: int
    """How many more it does."""
    seconds: float


@dataclass(frozen=True)
class ClusterForecast:
    """Seconds, likely where nothing else is said."""

    nodes: tuple[Node, ...]
    seconds: float
    most: float
    alone: float
    """Of all jobs, one after the other."""
    twice: float
    """With each node twice."""
    chain_seconds: float
    """What no number of nodes shortens."""
    chain: tuple[Link, ...]
    least: Mapping[str, float]
    """By what nodes have: how long it takes at least if all of it is in use all the time."""
    idle: Mapping[str, float]
    """By the same: the share of it that nobody holds, over the whole time."""
    guessed: int
    """Steps that would run on a GPU, and whose time is that of this machine's processor."""
    jobs: tuple[tuple[PlacedJob, tuple[str, ...]], ...]
    """With the keys of their steps."""

    @property
    def limit(self) -> str:
        """What comes nearest to the whole time: `CHAIN`, a name in `least`, or "" where nothing does."""
        bounds = {CHAIN: self.chain_seconds, **self.least}
        name = max(bounds, key=lambda of: bounds[of])
        return name if bounds[name] >= TIGHT * self.seconds else ""


def on_cluster(
    times: Sequence[tuple[Step, StepTime | None]],
    needs: Callable[[Step], Need],
    nodes: Sequence[Node],
    jobs: int,
) -> ClusterForecast | None:
    """What a cluster takes for steps; None where the time of one of them is not known.

    Args:
        times: of all that is to be done and takes time, in order.
        needs: of a step.
        nodes: of the cluster.
        jobs: side by side, where the suite's owner wants more than there are cores.

    Raises:
        InputError: no node has what a step needs.
    """
    steps = [step for step, _ in times]
    refuse_unmet([(step.label, needs(step)) for step in steps if not is_local(step)], nodes)
    known = [time for _, time in times if time is not None]
    if len(known) < len(times):
        return None

    def run(of: Sequence[Node], longest: bool = False) -> tuple[PlacedJob, ...]:
        def seconds(number: int, threads: int) -> tuple[float, float]:
            time = known[number]
            own, starting = time.likely, time.starting
            if longest:
                own, starting = time.most, MOST * starting
            return starting, own * (time.threads / threads if time.threads else 1.0)

        return simulate(steps, needs, seconds, of, jobs_at_once(of, jobs))

    placed = run(nodes)
    whole = _end(placed)
    doubled = [replace(node, id=f"{node.id}{mark}") for node in nodes for mark in ("", "+")]
    chain_seconds, chain = longest_chain(steps, placed)
    least = least_seconds(placed, nodes)
    there = {of for node in nodes for of, much in amounts(node).items() if much and of != "memory"}
    return ClusterForecast(
        nodes=tuple(nodes),
        seconds=whole,
        most=_end(run(nodes, longest=True)),
        alone=sum(job.seconds for job in placed),
        twice=_end(run(doubled)),
        chain_seconds=chain_seconds,
        chain=tuple(
            Link(steps[job.steps[0]].label, len(job.steps) - 1, job.seconds) for job in chain
        ),
        least=least,
        idle={of: 1.0 - least.get(of, 0.0) / whole for of in sorted(there)} if whole else {},
        guessed=sum(needs(step).gpus > 0 for step in steps),
        jobs=tuple((job, tuple(steps[one].key for one in job.steps)) for job in placed),
    )


def _end(jobs: Sequence[PlacedJob]) -> float:
    return max((job.end for job in jobs), default=0.0)
