"""Nodes of a cluster that are killed, at moments that a seed decides, while suites run on it.

    python -m tests.executors.lost_nodes FOLDER SEED KILLS

prints how many were killed, in how many runs, and what they were at; it fails where a run ends in another summary
than an undisturbed one, or where a step failed.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.runner.run import Outcome
from tests.executors import stub
from tests.executors.simulated import add_node, cluster_of, run_there, told

NODES = 3
SECONDS, OTHER_SECONDS = 1.5, 0.5
MODELS, TASKS = 12, 6
LONGEST_WAIT = 6.0
"""Between two kills, seconds, and that until a new node is up."""
TWO_AT_ONCE = 0.25
"""How often a second node goes before the first has been replaced."""
BETWEEN = "between steps"


@dataclass
class Killer:
    """Kills the cluster's nodes while a suite runs, each after a while; one is always left, and new ones come."""

    cluster: Any
    seed: int
    most: int
    at: Counter[str] = field(default_factory=Counter)
    """By kind of the step that a node was at: how many were killed."""

    @property
    def kills(self) -> int:
        return self.at.total()

    def disturb(self, run: Future[Outcome], results: Path) -> None:
        """Until the suite has ended, or all are killed. Ray adds nodes in the main thread alone: this is it."""
        chooser = random.Random(f"{self.seed} {self.kills}")
        while self.kills < self.most:
            if wait([run], chooser.uniform(0.2, LONGEST_WAIT)).done:
                return
            at_once = 1 + (chooser.random() < TWO_AT_ONCE)
            for _ in range(min(at_once, self.most - self.kills)):
                self._kill(chooser, results)
            self.complete()

    def complete(self) -> None:
        """Adds the nodes that are missing."""
        while len(self.cluster.worker_nodes) < NODES:
            add_node(self.cluster)

    def _kill(self, chooser: random.Random, results: Path) -> None:
        node = chooser.choice(sorted(self.cluster.worker_nodes, key=lambda one: str(one.unique_id)))
        self.cluster.remove_node(node, allow_graceful=False)
        self.at[in_flight(results, str(node.node_id))] += 1


def in_flight(results: Path, node: str) -> str:
    """The kind of the step that a node has begun and not ended."""
    begun, ended = (
        [one for one in lines(results / name) if one["node"] == node]
        for name in (stub.BEGUN, stub.INTERVALS)
    )
    return str(begun[-1]["kind"]) if len(begun) > len(ended) else BETWEEN


def lines(file: Path) -> list[dict[str, Any]]:
    """Of a file that may not be there yet."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def soak(
    place: Path, seed: int, kills: int, models: int = MODELS, tasks: int = TASKS
) -> tuple[Counter[str], int]:
    """Runs suites until so many nodes were killed; how many were, by what they were at, and in how many runs."""
    suite = stub.suite_text(models, tasks)
    with cluster_of(1 + NODES, head_cpus=0) as cluster, ThreadPoolExecutor(1) as pool:
        undisturbed = told(run_there(cluster, place / "undisturbed", suite, 0.0))
        killer, runs = Killer(cluster, seed, kills), 0
        while killer.kills < kills:
            runs += 1
            assert runs <= kills + 3, "no more nodes are killed"
            killer.complete()
            here = place / f"run-{runs}"
            run = pool.submit(run_there, cluster, here, suite, SECONDS, OTHER_SECONDS)
            killer.disturb(run, here / "results" / "stub")
            outcome = run.result()
            assert not outcome.failures, outcome.failures
            assert told(outcome) == undisturbed, f"run {runs} ended in another summary"
            at = ", ".join(f"{count} {what}" for what, count in sorted(killer.at.items()))
            print(f"{killer.kills} nodes killed in {plural_runs(runs)}: {at}", flush=True)
    return killer.at, runs


def plural_runs(count: int) -> str:
    """Such as "3 runs"."""
    return f"{count} run{'s' * (count != 1)}"


if __name__ == "__main__":
    soak(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
