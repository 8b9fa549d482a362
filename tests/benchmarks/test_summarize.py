"""Greedy generation: both engines against what their own runtimes and lm-eval reach."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.tasks.prompts import PromptSet
from tests.benchmarks import llama_tools
from tests.benchmarks.questions import Work
from tests.benchmarks.race import CLOCK, Contestant, replay
from tests.benchmarks.ring import (
    Ring,
    batched_bench,
    completion_loop,
    llama_bench,
    lm_eval,
    our_engine,
)
from tests.benchmarks.targets import (
    BATCHED,
    BATCHED_AS_OURS,
    BENCH,
    BENCH_AS_OURS,
    HF16,
    HF32,
    LM16,
    LM32,
    LOOP,
    Q4,
    SUMMARIZE,
    SUMMARIZE_HF,
)

pytestmark = pytest.mark.benchmark(timer=CLOCK)
WORK = Work("summarize", 32)
SIZES = (4, 8, 16, 32)
AT_ONCE = (16, 32)
"""Prompts that llama-batched-bench answers together; the faster one counts."""


def mean_length(ring: Ring) -> int:
    """Mean tokens of a prompt."""
    lengths = [len(prompt.ids) for prompt in PromptSet.read(Path(ring.prompts(WORK))).prompts]
    return round(sum(lengths) / len(lengths))


def with_gguf(ring: Ring) -> list[Contestant]:
    """All who continue the prompts with the Q4_K_M file."""
    gguf, length = ring.model.q4, mean_length(ring)
    return [
        completion_loop(ring, gguf, WORK),
        batched_bench(BATCHED, gguf, length, AT_ONCE),
        batched_bench(BATCHED_AS_OURS, gguf, length, AT_ONCE, llama_tools.BATCHED_AS_OURS),
        our_engine(ring, Q4, {"gguf": str(gguf)}, WORK, prompting=False),
        llama_bench(BENCH, gguf, 512),
        llama_bench(BENCH_AS_OURS, gguf, 512, options=llama_tools.BENCH_AS_OURS),
    ]


def with_weights(ring: Ring) -> list[Contestant]:
    """All who continue the prompts with Transformers."""
    weights = str(ring.model.weights)
    return [
        lm_eval(ring, "float32", WORK, SIZES, WORK.examples, rounds=2),
        lm_eval(ring, "bfloat16", WORK, SIZES, WORK.examples, rounds=2),
        our_engine(ring, HF32, {"weights": weights, "dtype": "float32"}, WORK, prompting=True),
        our_engine(ring, HF16, {"weights": weights, "dtype": "bfloat16"}, WORK, prompting=True),
    ]


@pytest.mark.parametrize("name", [LOOP, BATCHED, BATCHED_AS_OURS, Q4, BENCH, BENCH_AS_OURS])
def test_with_gguf(benchmark: Any, ring: Ring, name: str) -> None:
    replay(benchmark, SUMMARIZE, name, ring.race(SUMMARIZE, with_gguf)[name])


@pytest.mark.parametrize("name", [LM32, LM16, HF32, HF16])
def test_with_weights(benchmark: Any, ring: Ring, name: str) -> None:
    replay(benchmark, SUMMARIZE_HF, name, ring.race(SUMMARIZE_HF, with_weights)[name])
