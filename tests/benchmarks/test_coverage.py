"""How often 95% intervals hold the truth and gates are right: the tables of docs/statistics.md."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

import numpy as np
import pytest

from harness.analysis.gates import Rule
from tests.benchmarks.coverage import UNSAMPLED, WORLDS, Coverage, simulate
from tests.benchmarks.gate_runs import Runs, followed, judged

RESAMPLES = 1_000
TRIALS = {50: 4_000, 200: 4_000, 1_000: 2_000}
ROUNDS = {3: 20_000, 10: 20_000, 50: 10_000, 200: 10_000, 1_000: 10_000}
"""Trials by number of rounds of a timing, which take no resamples."""
BANDS = {50: (0.92, 0.98)}
BAND = (0.935, 0.965)
TOO_WIDE = "difference of 99th percentiles (percentile)"
"""The one interval that may hold the truth more often: docs/statistics.md says so."""
PARTS = 4
Trial = tuple[str, int, int, int]


def _part(trial: Trial) -> dict[str, Coverage]:
    from threadpoolctl import threadpool_limits

    world, n, trials, seed = trial
    with threadpool_limits(1):
        resamples = 0 if world in UNSAMPLED else RESAMPLES
        return simulate(WORLDS[world], n, trials, resamples, seed)


T = TypeVar("T")
R = TypeVar("R")


def _pooled(work: Callable[[T], R], parts: list[T]) -> list[R]:
    """Every core does some; the figures do not depend on how many there are."""
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        return list(pool.map(work, parts))


def _coverage(world: str, n: int) -> dict[str, Coverage]:
    trials = (ROUNDS if world in UNSAMPLED else TRIALS)[n] // PARTS
    total: dict[str, Coverage] = {}
    for part in _pooled(_part, [(world, n, trials, seed) for seed in range(PARTS)]):
        for name, found in part.items():
            total[name] = total.get(name, Coverage()) + found
    return total


@pytest.mark.parametrize("n", [3, 10, 50, 200, 1_000])
@pytest.mark.parametrize("world", WORLDS)
def test_intervals_hold_the_truth(benchmark: Any, world: str, n: int) -> None:
    if world != "timings" and n not in TRIALS:
        pytest.skip("only timings have so few rounds")
    benchmark.group = "coverage"
    found = benchmark.pedantic(_coverage, (world, n), rounds=1)
    benchmark.extra_info.update(
        world=world,
        n=n,
        coverage={
            name: {"share": one.share, "none": one.none / one.trials} for name, one in found.items()
        },
    )
    low, high = BANDS.get(n, BAND)
    for name, one in found.items():
        assert low <= one.share <= (0.98 if name == TOO_WIDE else high), name


def _judged(part: tuple[str, Rule, float, float, int, int, int]) -> Runs:
    return judged(*part)


def _followed(part: tuple[str, float, float, int, int, int]) -> Runs:
    return followed(*part)


RUNS = 2_000


@pytest.mark.parametrize("n", [20, 50, 200, 1_000])
@pytest.mark.parametrize(("rule", "limit"), [("max_drop", 0.03), ("max_drop", 0.0), ("must", 0.0)])
@pytest.mark.parametrize("metric", ["accuracy", "rougeL"])
def test_a_model_that_has_not_changed_does_not_fail(
    benchmark: Any, metric: str, rule: Rule, limit: float, n: int
) -> None:
    benchmark.group = "gates, unchanged"
    runs = RUNS // PARTS
    found = benchmark.pedantic(
        _pooled,
        (_judged, [(metric, rule, limit, 0.0, n, runs, seed) for seed in range(PARTS)]),
        rounds=1,
    )
    total = sum(found[1:], found[0])
    _keep(benchmark, total, metric=metric, rule=rule, limit=limit, n=n)
    assert total.share("not met") <= 0.05


@pytest.mark.parametrize("pilot", [50, 200])
@pytest.mark.parametrize(("metric", "limit"), [("accuracy", 0.03), ("rougeL", 0.03)])
@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_loss_is_caught_at_the_number_of_examples_that_is_recommended(
    benchmark: Any, metric: str, limit: float, pilot: int, times: int
) -> None:
    """Of what is allowed: nothing lost, just as much, and twice as much."""
    benchmark.group = "gates, as recommended"
    runs = RUNS // PARTS // 2
    found = benchmark.pedantic(
        _pooled,
        (_followed, [(metric, limit, times * limit, pilot, runs, seed) for seed in range(PARTS)]),
        rounds=1,
    )
    total = sum(found[1:], found[0])
    _keep(benchmark, total, metric=metric, limit=limit, pilot=pilot, times=times)
    if times == 0:
        assert total.share("met") >= 0.9 and total.share("not met") <= 0.05
    if times == 2:
        assert total.share("not met") >= 0.95


def _keep(benchmark: Any, total: Runs, **asked: object) -> None:
    benchmark.extra_info.update(
        asked,
        outcomes={outcome: total.share(outcome) for outcome in ("met", "undecided", "not met")},
        recommended=int(np.median(total.recommended)) if total.recommended else None,
    )
