"""How often 95% intervals hold the truth: the first two tables of docs/statistics.md."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.coverage import Coverage, simulate
from tests.benchmarks.coverage_tables import COVERAGE, WIDE
from tests.benchmarks.pooled import PARTS, pooled
from tests.benchmarks.wide_worlds import WIDE_UNSAMPLED, WIDE_WORLDS
from tests.benchmarks.worlds import UNSAMPLED, WORLDS

RESAMPLES = 1_000
TRIALS = {50: 4_000, 200: 4_000, 1_000: 2_000}
ROUNDS = {3: 8_000, 10: 4_000, 50: 10_000, 200: 10_000, 1_000: 10_000}
"""Trials by number of rounds of a timing, which take no resamples."""
BANDS = {50: (0.92, 0.98)}
BAND = (0.935, 0.965)
TOO_WIDE = "difference of 99th percentiles (percentile)"
"""The one interval that may hold the truth more often: docs/statistics.md says so."""
WIDE_TRIALS = 2_000
MARKED = 0.5
"""Of intervals that hold the truth less often, so many are said to be approximate at least."""
KEPT = 0.93
ALL = {**WORLDS, **WIDE_WORLDS}
CLOSED = (*UNSAMPLED, *WIDE_UNSAMPLED)
Trial = tuple[str, int, int, int]


def _part(trial: Trial) -> dict[str, Coverage]:
    world, n, trials, seed = trial
    resamples = 0 if world in CLOSED else RESAMPLES
    return simulate(ALL[world], n, trials, resamples, seed)


def _coverage(world: str, n: int, of_all: int) -> dict[str, Coverage]:
    trials = of_all // PARTS
    total: dict[str, Coverage] = {}
    for part in pooled(_part, [(world, n, trials, seed) for seed in range(PARTS)]):
        for name, found in part.items():
            total[name] = total.get(name, Coverage()) + found
    return total


@pytest.mark.parametrize("n", [3, 10, 50, 200, 1_000])
@pytest.mark.parametrize("world", WORLDS)
def test_intervals_hold_the_truth(benchmark: Any, world: str, n: int) -> None:
    if world != "timings" and n not in TRIALS:
        pytest.skip("only timings have so few rounds")
    benchmark.group = COVERAGE
    trials = (ROUNDS if world in UNSAMPLED else TRIALS)[n]
    found = benchmark.pedantic(_coverage, (world, n, trials), rounds=1)
    benchmark.extra_info.update(world=world, n=n, coverage=_told(found))
    low, high = BANDS.get(n, BAND)
    for name, one in found.items():
        assert low <= one.share <= (0.98 if name == TOO_WIDE else high), name


def _told(found: dict[str, Coverage]) -> dict[str, dict[str, float]]:
    return {
        name: {"share": one.share, "none": one.none / one.trials, "marked": one.marked_share}
        for name, one in found.items()
    }


@pytest.mark.parametrize("n", [3, 5, 10, 20, 50, 200, 1_000])
@pytest.mark.parametrize("world", WIDE_WORLDS)
def test_intervals_hold_the_truth_or_say_that_they_may_not(
    benchmark: Any, world: str, n: int
) -> None:
    if (world == "outliers") != (n < 20):
        pytest.skip("only timings have so few rounds, and few of them")
    benchmark.group = WIDE
    trials = 10 * WIDE_TRIALS if world in CLOSED else WIDE_TRIALS
    found = benchmark.pedantic(_coverage, (world, n, trials), rounds=1)
    benchmark.extra_info.update(world=world, n=n, coverage=_told(found))
    for name, one in found.items():
        assert one.share >= KEPT or one.marked_share >= MARKED, name
