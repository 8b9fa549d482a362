"""How often gates are right: the second and third table of docs/statistics.md."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pytest

from tests.benchmarks.coverage_tables import RECOMMENDED, UNCHANGED
from tests.benchmarks.gate_runs import Asked, Runs, followed, judged
from tests.benchmarks.pooled import PARTS, pooled

RUNS = {"unchanged": 2_000, "recommended": 600}
GATES = (Asked("max_drop", 0.03), Asked("max_drop", 0.0), Asked("must", 0.0))
FAILS_AT_MOST = 0.05
CAUGHT_AT_LEAST = 0.95
DECIDED_AT_LEAST = 0.9


def _judged(part: tuple[str, int, int]) -> dict[str, Runs]:
    metric, n, seed = part
    return judged(metric, GATES, 0.0, n, RUNS["unchanged"] // PARTS, seed)


@pytest.mark.parametrize("n", [20, 50, 200, 1_000])
@pytest.mark.parametrize("metric", ["accuracy", "rougeL"])
def test_a_model_that_has_not_changed_does_not_fail(benchmark: Any, metric: str, n: int) -> None:
    benchmark.group = UNCHANGED
    parts = [(metric, n, seed) for seed in range(PARTS)]
    found = benchmark.pedantic(pooled, (_judged, parts), rounds=1)
    total = {gate: reduce(add, (part[gate] for part in found)) for gate in found[0]}
    benchmark.extra_info.update(
        metric=metric, n=n, outcomes={gate: _shares(runs) for gate, runs in total.items()}
    )
    for gate, runs in total.items():
        assert runs.share("not met") <= FAILS_AT_MOST, gate


def _followed(part: tuple[str, float, float, int, int]) -> Runs:
    metric, limit, drop, pilot, seed = part
    return followed(metric, limit, drop, pilot, RUNS["recommended"] // PARTS, seed)


@pytest.mark.parametrize("pilot", [50, 200])
@pytest.mark.parametrize(("metric", "limit"), [("accuracy", 0.03), ("rougeL", 0.03)])
@pytest.mark.parametrize("times", [0, 1, 2])
def test_a_loss_is_caught_at_the_number_of_examples_that_is_recommended(
    benchmark: Any, metric: str, limit: float, pilot: int, times: int
) -> None:
    """Of what is allowed: nothing lost, just as much, and twice as much."""
    benchmark.group = RECOMMENDED
    parts = [(metric, limit, times * limit, pilot, seed) for seed in range(PARTS)]
    total = reduce(add, benchmark.pedantic(pooled, (_followed, parts), rounds=1))
    benchmark.extra_info.update(
        gate=f"{metric}, max_drop: {limit:g}",
        pilot=pilot,
        times=times,
        outcomes=_shares(total),
        recommended=int(np.median(total.recommended)) if total.recommended else None,
    )
    if times == 0:
        assert total.share("met") >= DECIDED_AT_LEAST
        assert total.share("not met") <= FAILS_AT_MOST
    if times == 2:
        assert total.share("not met") >= CAUGHT_AT_LEAST


def _shares(runs: Runs) -> dict[str, float]:
    return {outcome: runs.share(outcome) for outcome in ("met", "undecided", "not met")}
