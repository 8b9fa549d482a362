"""What the `speed` task measures against llama-bench: same file, threads and sizes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks.race import CLOCK, Contestant, replay
from tests.benchmarks.ring import Ring, llama_bench, speed_task
from tests.benchmarks.targets import F16, Q4, SPEED, TIMED, speed_names

pytestmark = pytest.mark.benchmark(timer=CLOCK)
TOKENS = {"prefill": 512, "decode": 128}
NAMES = [name for phase, file in TIMED for name in speed_names(phase, file)]


def contestants(ring: Ring) -> list[Contestant]:
    """Both measures of each file and phase, one after the other."""
    files = {F16: ring.model.f16, Q4: ring.model.q4}
    found = []
    for phase, file in TIMED:
        reference, ours = speed_names(phase, file)
        found.append(llama_bench(reference, files[file], TOKENS[phase], phase))
        found.append(speed_task(ring, ours, files[file], TOKENS[phase], phase))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_speed(benchmark: Any, ring: Ring, name: str) -> None:
    replay(benchmark, SPEED, name, ring.race(SPEED, contestants)[name])
