"""Nodes of a cluster that are killed, at moments that a seed decides, while suites run on it.

    python -m tests.executors.lost_nodes FOLDER SEED KILLS

prints how many were killed, and in how many runs; it fails where a run ends in another summary than an
undisturbed one, or where a step failed.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.executors import stub
from tests.executors.simulated import add_node, cluster_of, run_there, told

NODES = 3
SECONDS, MODELS, TASKS = 0.4, 6, 3
LONGEST_WAIT = 3.0


@dataclass
class Killer:
    """Kills some of the cluster's nodes, each after a while; one is always left."""

    cluster: Any
    seed: int
    most: int
    kills: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While a suite runs. Ray adds nodes in the main thread alone: those that are missing are added before."""
        while len(self.cluster.worker_nodes) < NODES:
            add_node(self.cluster)
        self._over.clear()
        chooser = random.Random(f"{self.seed} {self.kills}")
        thread = threading.Thread(target=self._kill, args=(chooser,))
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def _kill(self, chooser: random.Random) -> None:
        for _ in range(min(NODES - 1, self.most - self.kills)):
            if self._over.wait(chooser.uniform(0.2, LONGEST_WAIT)):
                return
            nodes = sorted(self.cluster.worker_nodes, key=lambda node: str(node.unique_id))
            self.cluster.remove_node(chooser.choice(nodes), allow_graceful=False)
            self.kills += 1


def soak(place: Path, seed: int, kills: int) -> tuple[int, int]:
    """Runs suites until so many nodes were killed; how many were, and in how many runs."""
    suite = stub.suite_text(MODELS, TASKS)
    with cluster_of(1 + NODES, head_cpus=0) as cluster:
        undisturbed = told(run_there(cluster, place / "undisturbed", suite, SECONDS))
        killer, runs = Killer(cluster, seed, kills), 0
        while killer.kills < kills:
            runs += 1
            assert runs <= kills + 3, "no more nodes are killed"
            with killer.at_work():
                outcome = run_there(cluster, place / f"run-{runs}", suite, SECONDS)
            assert not outcome.failures, outcome.failures
            assert told(outcome) == undisturbed, f"run {runs} ended in another summary"
            print(f"{killer.kills} nodes killed in {plural_runs(runs)}", flush=True)
    return killer.kills, runs


def plural_runs(count: int) -> str:
    """Such as "3 runs"."""
    return f"{count} run{'s' * (count != 1)}"


if __name__ == "__main__":
    soak(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
