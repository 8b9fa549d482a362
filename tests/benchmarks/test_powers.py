"""How often what is said to be detectable is shown: a table of docs/statistics.md."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.coverage_tables import POWER
from tests.benchmarks.powers import CASES, Pilot, shown

TRIALS = 10_000


@pytest.mark.parametrize("candidates", [1, 3])
@pytest.mark.parametrize(("n", "gained", "lost"), CASES)
def test_what_is_said_to_be_detectable_is_shown_in_80_of_100_cases(
    benchmark: Any, n: int, gained: int, lost: int, candidates: int
) -> None:
    benchmark.group = POWER
    pilot = Pilot(n, gained, lost, candidates)
    least = pilot.detectable
    assert least is not None
    found = benchmark.pedantic(
        lambda: {
            name: shown(pilot, least, churn, TRIALS, seed=n)
            for name, churn in pilot.churns().items()
        },
        rounds=1,
    )
    benchmark.extra_info.update(
        n=n, flips=f"{gained} and {lost}", candidates=candidates, least=least, shown=found
    )
    assert min(found.values()) >= 0.8 - 3 * 0.004
