"""Classification by log-likelihood: both engines against lm-evaluation-harness."""

from __future__ import annotations

from typing import Any

import pytest

from tests.benchmarks import llama_tools
from tests.benchmarks.questions import Work
from tests.benchmarks.race import CLOCK, Contestant, replay
from tests.benchmarks.ring import Ring, llama_bench, lm_eval, our_engine
from tests.benchmarks.targets import (
    BENCH,
    BENCH_AS_OURS,
    F16,
    FIVE_SHOT,
    HF16,
    HF32,
    LM16,
    LM32,
    SHOTS,
    ZERO_SHOT,
)

pytestmark = pytest.mark.benchmark(timer=CLOCK)
FIVE = Work("classify", 60, 5)
ZERO = Work("classify", 120, 0)
BY_SHOTS = {shots: Work("classify", 200, shots) for shots in (0, 1, 5, 20)}


def f16(ring: Ring) -> dict[str, str]:
    """The engine of the F16 GGUF."""
    return {"gguf": str(ring.model.f16)}


def hf(ring: Ring, dtype: str) -> dict[str, str]:
    """The Transformers engine."""
    return {"weights": str(ring.model.weights), "dtype": dtype}


def contestants(ring: Ring, work: Work, sizes: tuple[int, ...], part: int) -> list[Contestant]:
    """All who do a classification."""
    return [
        lm_eval(ring, "float32", work, sizes, part, rounds=1),
        lm_eval(ring, "bfloat16", work, sizes, part, rounds=2),
        our_engine(ring, F16, f16(ring), work, prompting=True),
        our_engine(ring, HF32, hf(ring, "float32"), work, prompting=True, rounds=2),
        our_engine(ring, HF16, hf(ring, "bfloat16"), work, prompting=True),
        llama_bench(BENCH, ring.model.f16, 512),
        llama_bench(BENCH_AS_OURS, ring.model.f16, 512, options=llama_tools.BENCH_AS_OURS),
    ]


NAMES = (LM32, LM16, F16, HF32, HF16, BENCH, BENCH_AS_OURS)


@pytest.mark.parametrize("name", NAMES)
def test_five_shot(benchmark: Any, ring: Ring, name: str) -> None:
    laps = ring.race(FIVE_SHOT, lambda ring: contestants(ring, FIVE, (1, 4, 8, 16), 16))
    replay(benchmark, FIVE_SHOT, name, laps[name])


@pytest.mark.parametrize("name", NAMES)
def test_zero_shot(benchmark: Any, ring: Ring, name: str) -> None:
    laps = ring.race(ZERO_SHOT, lambda ring: contestants(ring, ZERO, (1, 4, 8, 16, 32), 32))
    replay(benchmark, ZERO_SHOT, name, laps[name])


@pytest.mark.parametrize("shots", BY_SHOTS)
def test_cost_by_shots(benchmark: Any, ring: Ring, shots: int) -> None:
    """Grows with the tokens that are new, not with the length of what all prompts share."""

    def by_shots(ring: Ring) -> list[Contestant]:
        return [
            our_engine(ring, f"{shots}-shot", f16(ring), work, prompting=False)
            for shots, work in BY_SHOTS.items()
        ]

    laps = ring.race(SHOTS, by_shots)
    replay(benchmark, SHOTS, f"{shots}-shot", laps[f"{shots}-shot"])
