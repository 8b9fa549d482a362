"""A driver that is killed on Ray itself: its jobs go on, and the same command takes them over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.executors.cluster import connected
from harness.results.store import ResultsStore
from harness.runner.jobs import Job
from tests.executors import stub
from tests.executors.simulated import MOST_SECONDS, cluster_of, intervals

pytestmark = pytest.mark.slow
DRIVER = """
import sys
from pathlib import Path
import ray
import harness.executors.needs
from harness.cli import main
from harness.estimate.forecast import Reckoning
from harness.executors.cluster import stay_on_loopback
from harness.executors.nodes import Need
from harness.executors.ways import SharedFolders
from tests.executors.test_ray_driver import work

place = Path(sys.argv[1])
SharedFolders.work = staticmethod(work)
# What stubs make tells no estimate anything.
Reckoning.forecast = lambda self: None
harness.executors.needs.needs_of = lambda *_: lambda step: Need()
sys.argv = ["harness", "run", str(place / "stub.yaml"), "--executor", "ray", "--address", sys.argv[2]]
sys.argv += ["--results", str(place / "results"), "--reports", str(place / "reports"), "--jobs", "1"]
with stay_on_loopback(ray):
    main()
"""


GO = "go"
"""A file in the results: until it is there, no job begins with the second task."""


def work(text: str, *_: Any) -> Iterator[str]:
    """Does a job as `stub.work` does, and waits for `GO`."""
    job = Job.from_json(text)
    second = {
        one.step.key for one in job.steps if one.step.kind == "cell" and one.step.task == "task-1"
    }
    go = Path(job.results) / GO
    for event in stub.events_of(job, stub.node_id()):
        yield event.to_json()
        if event.event == "start" and event.step in second:
            until(go.exists, str(go))


def until(is_so: Callable[[], bool], what: str) -> None:
    """Waits for something."""
    ends = time.monotonic() + MOST_SECONDS
    while not is_so():
        assert time.monotonic() < ends, f"in vain: {what}"
        time.sleep(0.05)


@pytest.fixture
def cluster() -> Iterator[Any]:
    with cluster_of(1, cpus=2) as cluster:
        yield cluster


def drive(place: Path, address: str) -> subprocess.Popen[bytes]:
    place.mkdir(exist_ok=True)
    (place / "stub.yaml").write_text(stub.suite_text(models=3, tasks=2))
    stub.set_seconds(place / "results" / "stub", 0.1)
    environment = {
        **os.environ,
        "HARNESS_HOME": str(place / "home"),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    with (place / "said.log").open("ab") as said:
        command = [sys.executable, "-c", DRIVER, str(place), address]
        return subprocess.Popen(command, stdout=said, stderr=said, env=environment)


def cells(place: Path) -> Any:
    """What the summary says of cells, without what tells the time of a fine-tuning."""
    found = ResultsStore(place / "results" / "stub").summary()
    assert found is not None
    return [cell.model_dump(mode="json", exclude={"alike"}) for cell in found.cells]


def test_a_killed_drivers_job_is_taken_over_and_no_step_is_done_twice(
    cluster: Any, tmp_path: Path
) -> None:
    undisturbed, place = tmp_path / "undisturbed", tmp_path / "killed"
    first = drive(place, cluster.address)
    lines, said = place / "results" / "stub" / stub.INTERVALS, place / "said.log"
    until(lambda: lines.exists() and "ask base: task-0" in lines.read_text(), said.read_text())
    first.send_signal(signal.SIGKILL)
    first.wait()
    second = drive(place, cluster.address)
    until(
        lambda: "Taking over" in said.read_text() or second.poll() is not None,
        "the job is taken over",
    )
    assert second.poll() is None, said.read_text()
    (place / "results" / "stub" / GO).touch()
    assert second.wait(MOST_SECONDS) == 0, said.read_text()
    (undisturbed / "results" / "stub").mkdir(parents=True)
    (undisturbed / "results" / "stub" / GO).touch()
    assert drive(undisturbed, cluster.address).wait(MOST_SECONDS) == 0
    steps = sorted(one["step"] for one in intervals(place))
    assert steps == sorted({one["step"] for one in intervals(undisturbed)}), "each was done once"
    assert cells(place) == cells(undisturbed) and len(cells(place)) == 6
    with connected(cluster.address):
        ray = pytest.importorskip("ray")
        until(lambda: not ray.util.list_named_actors(all_namespaces=True), "no keeper is left")
