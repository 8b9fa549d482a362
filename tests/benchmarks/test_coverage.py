"""How often 95% intervals hold the truth: the first table of docs/statistics.md."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.coverage import UNSAMPLED, WORLDS, Coverage, simulate
from tests.benchmarks.pooled import PARTS, pooled

RESAMPLES = 1_000
TRIALS = {50: 4_000, 200: 4_000, 1_000: 2_000}
ROUNDS = {3: 8_000, 10: 4_000, 50: 10_000, 200: 10_000, 1_000: 10_000}
"""Trials by number of rounds of a timing, which take no resamples."""
BANDS = {50: (0.92, 0.98)}
BAND = (0.935, 0.965)
TOO_WIDE = "difference of 99th percentiles (percentile)"
"""The one interval that may hold the truth more often: docs/statistics.md says so."""
Trial = tuple[str, int, int, int]


def _part(trial: Trial) -> dict[str, Coverage]:
    world, n, trials, seed = trial
    resamples = 0 if world in UNSAMPLED else RESAMPLES
    return simulate(WORLDS[world], n, trials, resamples, seed)


def _coverage(world: str, n: int) -> dict[str, Coverage]:
    trials = (ROUNDS if world in UNSAMPLED else TRIALS)[n] // PARTS
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
