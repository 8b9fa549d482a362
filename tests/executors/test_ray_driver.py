"""A driver that is killed on Ray itself: its jobs go on, and the same command takes them over."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.executors import stub
from tests.executors.simulated import cluster_of, intervals

pytestmark = pytest.mark.slow
DRIVER = """
import sys
from pathlib import Path
import ray
import harness.cli.fitting
import harness.executors.needs
from harness.cli import main
from harness.executors.cluster import stay_on_loopback
from harness.executors.nodes import Need
from harness.executors.ways import SharedFolders
from tests.executors import stub

place = Path(sys.argv[1])
SharedFolders.work = staticmethod(stub.work)
# What stubs make tells no estimate anything.
harness.cli.fitting.look_ahead = lambda *_: None
harness.executors.needs.needs_of = lambda *_: lambda step: Need()
sys.argv = ["harness", "run", str(place / "stub.yaml"), "--executor", "ray", "--address", sys.argv[2]]
sys.argv += ["--results", str(place / "results"), "--reports", str(place / "reports"), "--jobs", "1"]
with stay_on_loopback(ray):
    main()
"""


@pytest.fixture
def cluster() -> Iterator[Any]:
    with cluster_of(1, cpus=2) as cluster:
        yield cluster


def drive(place: Path, address: str) -> subprocess.Popen[bytes]:
    place.mkdir(exist_ok=True)
    (place / "stub.yaml").write_text(stub.suite_text(models=3, tasks=2))
    stub.set_seconds(place / "results" / "stub", 4.0)
    environment = {
        **os.environ,
        "HARNESS_HOME": str(place / "home"),
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    with (place / "said.log").open("ab") as said:
        command = [sys.executable, "-c", DRIVER, str(place), address]
        return subprocess.Popen(command, stdout=said, stderr=said, env=environment)


def until_answered(place: Path, count: int) -> None:
    """Until so many cells were answered."""
    ends = time.monotonic() + 240
    while time.monotonic() < ends:
        lines = place / "results" / "stub" / stub.INTERVALS
        if (
            lines.exists()
            and sum(one["step"].startswith("ask") for one in intervals(place)) >= count
        ):
            return
        time.sleep(0.1)
    raise AssertionError((place / "said.log").read_text())


def summary(place: Path) -> Any:
    data = json.loads((place / "results" / "stub" / "summary.json").read_text())["summary"]
    return {name: data[name] for name in ("models", "tasks", "comparisons") if name in data}


def test_a_killed_drivers_job_is_taken_over_and_no_step_is_done_twice(
    cluster: Any, tmp_path: Path
) -> None:
    undisturbed, place = tmp_path / "undisturbed", tmp_path / "killed"
    assert drive(undisturbed, cluster.address).wait(400) == 0
    first = drive(place, cluster.address)
    until_answered(place, 1)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert drive(place, cluster.address).wait(400) == 0, (place / "said.log").read_text()
    assert "Taking over" in (place / "said.log").read_text()
    steps = sorted(one["step"] for one in intervals(place))
    assert steps == sorted({one["step"] for one in intervals(undisturbed)}), "each was done once"
    assert summary(place) == summary(undisturbed)
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert "ray::Keeper" not in left.stdout
