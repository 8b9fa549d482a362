"""Fine-tuning against TRL's SFTTrainer: tokens per second, peak memory, and the loss of each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.places import DATA, PEER_TRL
from tests.benchmarks.race import CLOCK, Laps, replay, run_race
from tests.benchmarks.ring import THREADS
from tests.benchmarks.targets import TRAINING, TRL_BEST, TRL_DEFAULTS, TUNED
from tests.benchmarks.training import (
    EXAMPLES,
    PLAIN,
    RECIPE,
    TrainingRing,
    examples,
    weights,
)

pytestmark = pytest.mark.benchmark(timer=CLOCK)
ROUNDS = 2
CURVE = 12
"""Examples whose losses are compared step by step."""
RATE = 2e-5
"""TRL's default. Where it is high, Adam makes a step of gradients that are nothing but rounding, and curves part."""
APART = 1e-4
"""Nats that a step's loss may differ by, in float32."""


@pytest.fixture(scope="module")
def training() -> Iterator[TrainingRing]:
    """Skips where TRL or the data is not there."""
    if not DATA.is_dir():
        pytest.skip(f"the data of the benchmarks is not at {DATA}")
    if not (PEER_TRL / ".installed").exists():
        pytest.skip("TRL is not set up: run `make bench`")
    made = TrainingRing()
    yield made
    made.close()


@pytest.fixture(scope="module")
def races(training: TrainingRing) -> Callable[[str], dict[str, Laps]]:
    """The laps of a kind of examples, run when the first of them is asked for."""
    return cache(lambda kind: run_race(training.contestants(kind, ROUNDS)))


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("name", [TUNED, TRL_DEFAULTS, TRL_BEST])
def test_training(benchmark: Any, races: Any, kind: str, name: str) -> None:
    replay(benchmark, TRAINING[kind], name, races(kind)[name])


@pytest.mark.parametrize("kind", EXAMPLES)
def test_same_batches_have_the_same_losses(
    benchmark: Any, training: TrainingRing, kind: str, tmp_path: Path
) -> None:
    file = examples(kind, CURVE)
    recipe = RECIPE | {"learning_rate": RATE, "schedule": "linear", "warmup_ratio": 0.0}
    given: dict[str, Any] = {"weights": str(weights()), "examples": str(file)}
    ours = training.servers[TUNED].ask(
        "run", **given, recipe=recipe, steps=CURVE // 3, threads=THREADS
    )
    recipe |= {"batch_tokens": ours["batch_tokens"]}
    begun = training.servers[TUNED].ask("begin", **given, recipe=recipe, out=str(tmp_path))
    theirs = training.servers[TRL_DEFAULTS].ask(
        "run",
        **given,
        settings=PLAIN | {"learning_rate": RATE, "max_length": None},
        threads=THREADS,
        beginning=str(tmp_path),
        batches=begun["batches"],
    )
    apart = [abs(a - b) for a, b in zip(ours["losses"], theirs["losses"], strict=True)]
    benchmark.group = f"losses, {TRAINING[kind]}"
    benchmark.extra_info.update(contestant=TUNED, steps=len(apart), largest_difference=max(apart))
    benchmark.pedantic(lambda: None, rounds=1)
    assert max(apart) <= APART
