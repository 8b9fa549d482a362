"""What a cluster adds to a run: the same suite of stubs on more and more nodes, and the quickstart on two.

By the clock, since work of known length sleeps: the machine should do nothing else. Each is one command, too
(`grown_cluster`, `quickstart_on_ray`), which prints what it found in words.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import grown_cluster, quickstart_on_ray

IDEAL = 0.9
"""Least share of the ideal speed-up."""
FORETOLD = 1.1
"""Most times what the plan has foretold."""
OVERHEAD = 1.1
"""Most times what the same suite takes on this machine."""


def test_eight_nodes_come_near_to_eight_times_the_speed(benchmark: Any, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    found = benchmark.pedantic(lambda: grown_cluster.grown(tmp_path), rounds=1)
    for one in found:
        benchmark.extra_info[f"of_ideal_on_{one.nodes}"] = one.share
        benchmark.extra_info[f"of_foretold_on_{one.nodes}"] = one.took / one.foretold
        benchmark.extra_info[f"seconds_of_workers_on_{one.nodes}"] = one.workers
    assert all(one.share >= IDEAL and one.took <= FORETOLD * one.foretold for one in found)


def test_the_quickstart_takes_hardly_longer_on_two_nodes_than_here(
    benchmark: Any, tmp_path: Path
) -> None:
    pytest.importorskip("ray")
    here, there = benchmark.pedantic(lambda: quickstart_on_ray.race(tmp_path), rounds=1)
    benchmark.extra_info.update(
        by_the_clock=there.seconds / here.seconds, of_processors=there.processor / here.processor
    )
    assert there.seconds <= OVERHEAD * here.seconds
