"""The same suite of stubs on 1, 2, 4 and 8 nodes: how near to the ideal speed-up, and to what was foretold.

    python -m tests.benchmarks.grown_cluster FOLDER [SECONDS] [NODES …]

Each cell sleeps so long that the whole would take SECONDS (80) on any number of nodes, were nothing lost. All
nodes lie on this machine and share its processors while Ray starts a worker on each: that is done before, and told apart.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.executors.cluster import RayCluster
from harness.executors.nodes import Need, Node, jobs_at_once
from harness.executors.schedule import simulate
from harness.plan.steps import Step
from harness.runner.run import Options, prepare
from tests.executors import stub
from tests.executors.simulated import add_node, cluster_of, differences, intervals, run_there, told

MODELS, TASKS = 16, 2
CELLS = MODELS * TASKS
SIZES = (1, 2, 4, 8)
SECONDS = 80.0


@dataclass(frozen=True)
class Grown:
    """A run on some nodes; seconds."""

    nodes: int
    cell: float
    """That each cell slept."""
    took: float
    """From the beginning of the first cell to the end of the last."""
    workers: float
    """That Ray took before to start a worker on each node, one after the other."""
    starting: float
    """From the beginning of the first cell until a node had begun one, mean over the nodes."""
    between: float
    """That a node was without a cell after its first, until its last, mean over the nodes."""
    foretold: float
    """By what `harness plan --executor ray` counts with, given what each step takes."""
    summary: Any

    @property
    def ideal(self) -> float:
        """What the work takes where nothing is lost."""
        return CELLS * self.cell / self.nodes

    @property
    def share(self) -> float:
        """Of the ideal speed-up."""
        return self.ideal / self.took

    def words(self) -> str:
        return (
            f"{self.nodes} nodes, {self.cell:g} s a cell: {self.took:.1f} s, {self.share:.1%} of the ideal; "
            f"foretold {self.foretold:.1f} s; {self.workers:.1f} s before for workers; a node waits {self.starting:.1f} s for its first cell, "
            f"{self.between:.1f} s between its cells"
        )


@dataclass
class Waking:
    """Has each node with cores start a worker."""

    seconds: float = 0.0

    def __call__(self, there: RayCluster) -> None:
        began = time.monotonic()
        for node in there.nodes():
            if node.cpus:
                assert list(there.run(stub.awake, (), Need(), node, threading.Event()))
        self.seconds = time.monotonic() - began


def grown(place: Path, seconds: float = SECONDS, sizes: Sequence[int] = SIZES) -> list[Grown]:
    """Runs the suite on a cluster that grows from size to size."""
    suite, found = stub.suite_text(MODELS, TASKS), list[Grown]()
    with cluster_of(1 + sizes[0], head_cpus=0) as cluster:
        for size in sizes:
            while len(cluster.worker_nodes) < size:
                add_node(cluster)
            here, cell = place / f"on-{size}", seconds * size / CELLS
            waking = Waking()
            outcome = run_there(cluster, here, suite, cell, prepare_nodes=waking)
            assert not outcome.failures, outcome.failures
            ran = [one for one in intervals(here) if one["kind"] == "cell"]
            of = foretold(place, suite, size, cell), waking.seconds, told(outcome)
            found.append(_measured(size, cell, ran, *of))
            print(found[-1].words(), flush=True)
    for one in found:
        other = list(differences(found[0].summary, one.summary))
        assert not other, f"{one.nodes} nodes end in another summary: {other}"
    return found


def foretold(place: Path, suite: str, size: int, cell: float) -> float:
    """What the plan counts with makes of steps whose lengths are known: from the first cell to the last."""
    folder = place / f"foretold-{size}"
    folder.mkdir(parents=True)
    (folder / "stub.yaml").write_text(suite)
    steps = prepare(folder / "stub.yaml", Options(folder / "results", home=folder / "home")).to_do()

    def seconds(number: int, _: int) -> tuple[float, float]:
        return 0.0, cell if _is_cell(steps[number]) else 0.0

    nodes = [Node(str(number), f"node {number}", 1.0, memory_bytes=10**9) for number in range(size)]
    placed = simulate(steps, lambda _: Need(), seconds, nodes, jobs_at_once(nodes, 1))
    return max(job.end for job in placed)


def _is_cell(step: Step) -> bool:
    return step.kind == "cell"


def _measured(
    size: int, cell: float, ran: list[dict[str, Any]], foretold: float, workers: float, summary: Any
) -> Grown:
    first, last = min(one["began"] for one in ran), max(one["ended"] for one in ran)
    starting = between = 0.0
    for node in {one["node"] for one in ran}:
        own = [one for one in ran if one["node"] == node]
        begun, ended = min(one["began"] for one in own), max(one["ended"] for one in own)
        starting += begun - first
        between += ended - begun - sum(one["ended"] - one["began"] for one in own)
    nodes = len({one["node"] for one in ran})
    assert nodes == size, f"{nodes} of {size} nodes had work"
    times = (starting / size, between / size, foretold)
    return Grown(size, cell, last - first, workers, *times, summary)


if __name__ == "__main__":
    given = [float(word) for word in sys.argv[2:]]
    grown(
        Path(sys.argv[1]), given[0] if given else SECONDS, [int(one) for one in given[1:]] or SIZES
    )
