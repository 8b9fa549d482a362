"""`harness plan --executor ray`: how long a suite takes on a cluster, and what limits that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import psutil

from harness.cli.dividing import division_on
from harness.cli.executing import Where
from harness.estimate.division import in_parts
from harness.estimate.forecast import Forecast, Reckoning
from harness.estimate.words import duration
from harness.executors.cluster import OBJECT_STORE_BYTES, connected
from harness.executors.forecast import CHAIN, ClusterForecast, Link, on_cluster
from harness.executors.given import nodes_given
from harness.executors.needs import needs_of
from harness.executors.nodes import Need, Node
from harness.plan.parts import Division
from harness.quantities import plural
from harness.runner.machine import describe_machine
from harness.runner.run import Options, Prepared

MOST_LINKS = 4
MOST_NAMED = 3


@dataclass(frozen=True)
class ClusterTime:
    """What is told of a cluster."""

    nodes: tuple[Node, ...]
    found: ClusterForecast | None
    """None where a time is not known."""
    unknown: tuple[str, ...]
    """Labels of steps whose time is not known."""
    division: Division
    """Cells that several workers ask."""

    def as_data(self) -> dict[str, object]:
        """For `--json`."""
        if self.found is None:
            nodes = [asdict(node) for node in self.nodes]
            return {"nodes": nodes, "seconds": None, "unknown": list(self.unknown)}
        data = asdict(self.found) | {"limit": self.found.limit, "unknown": []}
        return data | {
            "jobs": [
                {"node": job.node, "begins": job.begins, "ends": job.ends, "steps": keys}
                for job, keys in self.found.jobs
            ]
        }

    def lines(self) -> Iterator[str]:
        """How long it takes there, what limits that, and what lies idle."""
        kinds = Counter(_kind(node) for node in self.nodes)
        each = "; ".join(f"{count} with {kind}" for kind, count in kinds.items())
        yield f"On a cluster of {plural(len(self.nodes), 'node')}: {each}"
        if self.found is None:
            yield (
                f"  How long it takes is not known: nothing tells how long these take: "
                f"{_some(self.unknown)}. With --probe this machine is timed; a run for a few examples "
                "(`harness run --limit 10`) tells more."
            )
        elif not self.found.jobs:
            yield "  Nothing is left to be done."
        else:
            yield from _told(self.found)
        yield ""


def cluster_time(
    prepared: Prepared, reckoning: Reckoning, found: Forecast, where: Where, options: Options
) -> ClusterTime | None:
    """How long what is left of a suite takes on a cluster; None where none is asked about.

    Raises:
        InputError: no cluster answers, no node is named, or none has what a step needs.
        MissingToolError: a cluster is to be asked, and Ray is not installed.
    """
    if where.is_here:
        return None
    nodes = tuple(_nodes(where, found))
    times, needs = reckoning.times(), needs_of(prepared, found)
    division = division_on(nodes, needs, options, reckoning)
    told = on_cluster(in_parts(times, division), needs, nodes, options.jobs)
    unknown = tuple(step.label for step, time in times if time is None)
    return ClusterTime(nodes, told, unknown, division)


def _nodes(where: Where, found: Forecast) -> list[Node]:
    """Those that are named, of the cluster at an address, or this machine as Ray would take it."""
    if where.nodes:
        return nodes_given(where.nodes)
    if where.address is not None:
        with connected(where.address) as cluster:
            return cluster.nodes()
    memory = found.free.resident_bytes - OBJECT_STORE_BYTES
    gpus = float(len(describe_machine()["gpus"]))
    return [Node("1", "this machine", float(psutil.cpu_count() or 1), gpus, memory)]


def _told(found: ClusterForecast) -> Iterator[str]:
    alone = f"one job after the other {duration(found.alone)}"
    yield (
        f"  Takes likely about {duration(found.seconds)}, at most about {duration(found.most)}; {alone}."
    )
    yield f"  {_limit(found)}"
    idle = ", ".join(f"{share:.0%} of {of}" for of, share in found.idle.items())
    yield f"  Idle over that time: {idle}."
    yield (
        "  A core there is taken to be as fast as one of this machine; downloads, and what travels, are "
        "not counted."
    )
    if found.guessed:
        yield (
            f"  {plural(found.guessed, 'step')} would run on a GPU: their times are this machine's "
            "processor's, and so far too long."
        )


def _limit(found: ClusterForecast) -> str:
    more = f"with each node twice it would take {duration(found.twice)}"
    if found.limit == CHAIN:
        links = list(map(_link, found.chain))
        if len(links) > MOST_LINKS:
            links[2:-1] = [f"{len(links) - 3} more jobs"]
        return (
            f"What limits it is what has to be done one after the other, {duration(found.chain_seconds)} "
            f"however many nodes there are: {', then '.join(links)}."
        )
    if found.limit:
        return f"What limits it is {found.limit}: hardly any lie idle; {more}."
    chain, rest = duration(found.chain_seconds), max(found.least.values())
    return (
        f"What limits it is how the jobs fit together: the longest chain takes {chain}, and all nodes "
        f"together would be done in {duration(rest)}; {more}."
    )


def _link(link: Link) -> str:
    more = f" and {plural(link.others, 'step')} more" if link.others else ""
    return f"{link.label}{more} ({duration(link.seconds)})"


def _kind(node: Node) -> str:
    return Need(node.cpus, node.gpus, node.memory_bytes, node.custom).words()


def _some(labels: tuple[str, ...]) -> str:
    shown = ", ".join(labels[:MOST_NAMED])
    left = len(labels) - MOST_NAMED
    return f"{shown} and {plural(left, 'other')}" if left > 0 else shown
