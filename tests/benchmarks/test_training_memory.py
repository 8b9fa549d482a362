"""The most memory that each method of fine-tuning takes, to that of all weights: one model, one batch, the same run.

Each trains in a process of its own, a random llama-160m in bfloat16 on examples of 512 tokens, one a step.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.finetuning import METHODS
from tests.benchmarks.places import CACHE, DATA
from tests.benchmarks.race import CLOCK, Laps, OtherLoad, replay
from tests.benchmarks.targets import TUNING_MEMORY
from tests.benchmarks.training import our_server, weights

pytestmark = pytest.mark.benchmark(timer=CLOCK)
TOKENS, LEARNED, STEPS = 512, 16, 3
"""Of an example, how many of them are answers, and how many examples: the heap has grown by the third."""
TRIED = ("full", "lora", "qlora", "dora", "lora-8bit")


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Random ids. Skips where the tokenizer of the model is not there."""
    if not DATA.is_dir():
        pytest.skip(f"the data of the benchmarks is not at {DATA}")
    drawn = random.Random(0)
    rows = [[drawn.randrange(5, 4000) for _ in range(TOKENS)] for _ in range(STEPS)]
    file = tmp_path_factory.mktemp("memory") / "examples.jsonl"
    lines = ({"prompt_ids": ids[:-LEARNED], "target_ids": ids[-LEARNED:]} for ids in rows)
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    CACHE.mkdir(exist_ok=True)
    yield file


@pytest.mark.parametrize("method", TRIED)
def test_peak(benchmark: Any, examples: Path, method: str) -> None:
    recipe = {
        "method": method, "epochs": 1.0, "validation": 0, "batch_tokens": TOKENS, "dtype": "bfloat16",
    }  # fmt: skip
    server, meter = our_server(), OtherLoad()
    try:
        made = server.ask(
            "run", weights=str(weights()), examples=str(examples), recipe=recipe, threads=1
        )
    finally:
        server.close()
    figures = {name: made[name] for name in ("seconds", "peak_bytes", "memory", "steps")}
    assert {"loading", "training", "saving"} <= made["memory"].keys()
    laps = Laps({}, (figures,), (meter.cores(),))
    replay(benchmark, TUNING_MEMORY, METHODS[method].label, laps)
