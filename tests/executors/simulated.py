"""Clusters of several nodes on this machine (`ray.cluster_utils`), and suites of stubs that run on them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from harness.executors.cluster import OBJECT_STORE_BYTES, RayCluster, connected, stay_on_loopback
from harness.executors.nodes import Need, jobs_at_once
from harness.executors.on_ray import RayExecutor, shared
from harness.executors.starting import started
from harness.executors.ways import SharedFolders
from harness.runner.local import LocalExecutor
from harness.runner.run import Options, Outcome, prepare, run
from harness.runner.walk import Observer, Quiet
from tests.executors import stub

MOST_SECONDS = 600.0
MEMORY = 10**9
LOOPBACK = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""The variable that is "0" for a command that is to find a cluster at 127.0.0.1, where Ray would else look at the machine's own
address (`stay_on_loopback`)."""


@contextmanager
def cluster_of(
    nodes: int,
    cpus: float = 1,
    head_cpus: float | None = None,
    memory: int = MEMORY,
    homes: Path | None = None,
) -> Iterator[Any]:
    """A cluster that listens on 127.0.0.1, gone afterwards.

    Args:
        nodes: how many, the head among them.
        cpus: of each.
        head_cpus: of the head, where it has others: 0 keeps work off it.
        memory: of each, in bytes.
        homes: a folder in which each node but the head has one of its own, with its `$HARNESS_HOME` and what is
            temporary; None: as this process has them.
    """
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    with stay_on_loopback(ray):
        head = of_node(cpus if head_cpus is None else head_cpus, memory)
        cluster = started(lambda: Cluster(initialize_head=True, head_node_args=head))
        try:
            for number in range(1, nodes):
                add_node(cluster, cpus, memory, homes and homes / f"node-{number}")
            yield cluster
        finally:
            ray.shutdown()
            cluster.shutdown()


def of_node(cpus: float, memory: int = MEMORY) -> dict[str, Any]:
    """What a node is started with."""
    return {
        "num_cpus": cpus, "memory": memory, "object_store_memory": OBJECT_STORE_BYTES,
        "include_dashboard": False, "include_log_monitor": False, "no_monitor": True,
        "node_ip_address": "127.0.0.1",
    }  # fmt: skip


def add_node(
    cluster: Any, cpus: float = 1, memory: int = MEMORY, place: Path | None = None
) -> None:
    """One node more, perhaps with a folder of its own."""
    own = {}
    if place is not None:
        (place / "tmp").mkdir(parents=True, exist_ok=True)
        own = {"env_vars": {"HARNESS_HOME": str(place / "home"), "TMPDIR": str(place / "tmp")}}

    def start() -> None:
        with suppress(TimeoutError):  # it is up when Ray has made it; Ray then looks for it again
            cluster.add_node(**of_node(cpus, memory), **own)

    started(start)


def run_there(
    cluster: Any,
    place: Path,
    suite: str,
    seconds: float,
    other_seconds: float = 0.0,
    observer: Observer | None = None,
    prepare_nodes: Callable[[RayCluster], None] = lambda _: None,
) -> Outcome:
    """Runs a suite of stubs on a cluster, by the executor that runs others; `prepare_nodes` is done before."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "stub.yaml").write_text(suite)
    options = Options(place / "results", home=place / "home")
    prepared = prepare(place / "stub.yaml", options)
    stub.set_seconds(prepared.results.folder, seconds, other_seconds)
    with pytest.MonkeyPatch.context() as patch, connected(cluster.address) as there:
        patch.setattr(SharedFolders, "work", staticmethod(stub.work))
        nodes = there.nodes()
        prepare_nodes(there)
        with shared(prepared.artifacts.home, prepared.results.folder) as token:
            executor = RayExecutor(
                there, lambda _: Need(), LocalExecutor(MOST_SECONDS), MOST_SECONDS, {}, token
            )
            wanted = Options(place / "results", home=place / "home", jobs=jobs_at_once(nodes, 1))
            return run(prepared, wanted, observer or Quiet(), ["harness run"], executor)


def intervals(place: Path) -> list[dict[str, Any]]:
    """What ran where and when."""
    lines = (place / "results" / "stub" / stub.INTERVALS).read_text().splitlines()
    return [json.loads(line) for line in lines]


def told(outcome: Outcome) -> Any:
    """What a summary says, without what tells the time, and the folder."""
    data = outcome.summary.model_dump(mode="json")
    for key in ("created", "seconds"):
        del data[key]
    for cell in data["cells"]:
        del cell["alike"]  # it holds the moment of the fine-tuning
    return data


def differences(one: Any, other: Any, at: str = "") -> Iterator[str]:
    """Where two summaries differ, field by field."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            yield from differences(one.get(name), other.get(name), f"{at}.{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{at}[{number}]")
    elif one != other:
        yield f"{at}: {one!r:.80} and {other!r:.80}"
