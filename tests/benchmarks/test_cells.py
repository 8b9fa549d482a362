"""Whole cells: what the runner spends around the engine, and memory over many examples."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from harness.models.gguf.convert import convert
from harness.starter import MODEL_FOLDER
from tests.benchmarks.questions import Work
from tests.benchmarks.race import CLOCK, Answer, Contestant, replay
from tests.benchmarks.ring import THREADS, Ring
from tests.benchmarks.targets import AROUND, AROUND_CLASSIFY, AROUND_SUMMARIZE, MEMORY

pytestmark = pytest.mark.benchmark(timer=CLOCK)
EXAMPLES = 10_000
ENGINES = ("llamacpp", "hf")


def whole_cells(ring: Ring) -> list[Contestant]:
    """A cell of each kind at the size of a usual `limit`, prompts included."""

    def lap(gguf: Path, work: Work) -> Answer:
        return ring.cells().ask(
            "cell",
            spec={"gguf": str(gguf)},
            work=asdict(work),
            weights=str(ring.model.weights),
            threads=THREADS,
        )

    classify, summarize = Work("classify", 200, 5), Work("summarize", 32)
    return [
        Contestant(AROUND_CLASSIFY, lambda: lap(ring.model.f16, classify)),
        Contestant(AROUND_SUMMARIZE, lambda: lap(ring.model.q4, summarize)),
    ]


@pytest.mark.parametrize("name", [AROUND_CLASSIFY, AROUND_SUMMARIZE])
def test_around_the_engine(benchmark: Any, ring: Ring, name: str) -> None:
    replay(benchmark, AROUND, name, ring.race(AROUND, whole_cells)[name])


@pytest.mark.parametrize("engine", ENGINES)
def test_memory(benchmark: Any, ring: Ring, tmp_path: Path, engine: str) -> None:
    """Resident memory while the starter model classifies 10,000 sentences."""
    spec = {"weights": str(MODEL_FOLDER)}
    if engine == "llamacpp":
        spec = {"gguf": str(tmp_path / "starter.gguf")}
        convert(MODEL_FOLDER, tmp_path / "starter.gguf")

    def lap() -> Answer:
        server = ring.cells(f"memory-{engine}")
        return server.ask(
            "memory", spec=spec, weights=str(MODEL_FOLDER), examples=EXAMPLES, threads=THREADS
        )

    laps = ring.race(f"{MEMORY}, {engine}", lambda ring: [Contestant(engine, lap, rounds=1)])
    replay(benchmark, MEMORY, engine, laps[engine])
