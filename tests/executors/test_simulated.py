"""Several nodes on this machine: the same summary from each number of them, and from runs that lose some."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.executors import stub
from tests.executors.lost_nodes import soak
from tests.executors.simulated import cluster_of, intervals, run_there, told


@pytest.mark.slow
def test_two_nodes_end_in_the_summary_of_one_and_share_the_work(tmp_path: Path) -> None:
    suite, found = stub.suite_text(models=4, tasks=2), []
    for nodes in (1, 2):
        with cluster_of(nodes) as cluster:
            found.append(told(run_there(cluster, tmp_path / str(nodes), suite, 1.0)))
    assert found[0] == found[1] and len(found[0]["cells"]) == 8
    assert len({one["node"] for one in intervals(tmp_path / "2")}) == 2


@pytest.mark.slow
def test_what_is_timed_is_alone_on_its_node(tmp_path: Path) -> None:
    suite = stub.suite_text(models=4, tasks=1, timed=True)
    with cluster_of(2, cpus=2) as cluster:
        run_there(cluster, tmp_path, suite, 0.5)
    ran = intervals(tmp_path)
    timed = [one for one in ran if one["timed"]]
    assert len(timed) == 4 and len({one["node"] for one in timed}) == 1
    for one in timed:
        beside = [of for of in ran if of["node"] == one["node"] and of is not one]
        assert all(of["ended"] <= one["began"] or of["began"] >= one["ended"] for of in beside)


@pytest.mark.slow
def test_a_run_whose_nodes_are_killed_ends_in_the_summary_of_one_that_was_left_alone(
    tmp_path: Path,
) -> None:
    at, _ = soak(tmp_path, seed=1, kills=2, models=4, tasks=2)
    assert at.total() == 2


@pytest.mark.soak
def test_runs_whose_nodes_are_killed_at_random_end_alike(tmp_path: Path) -> None:
    wanted = min(50, int(os.environ.get("KILLS", "50")))
    at, _ = soak(tmp_path, int(os.environ.get("SEED", "1")), wanted)
    assert at.total() == wanted
