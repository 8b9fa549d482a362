"""Whole cells, through the runner: what is spent around the engine, and memory as examples go by."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import psutil

from harness.data import Dataset, Example
from harness.data.datasets import SENTIMENT
from harness.engines import open_engine
from harness.engines.protocol import Engine, EngineSpec
from harness.engines.tokenizer import open_tokenizer
from harness.plan.cell_params import CellParams, LoadOptions
from harness.plan.steps import make_step
from harness.runner.cells import answerers
from harness.runner.cells.runner import CellRunner
from harness.runner.jobs import Pace, StepJob
from harness.suite.schema import task_of
from harness.tasks.prompting import prompts_to_ask
from tests.benchmarks.questions import NEW_TOKENS, Work, ask, phrasebank

EVERY = 1000
"""Examples between two readings of memory."""


class TimedEngine:
    """An engine that adds up the seconds spent inside its answers' iterators."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def choose(self, questions: Sequence[Any], *portion: Any) -> Iterator[Any]:
        """See `Engine.choose`."""
        return self._timed(self._engine.choose(questions, *portion))

    def generate(self, prompts: Sequence[Any], limits: Any, *portion: Any) -> Iterator[Any]:
        """See `Engine.generate`."""
        return self._timed(self._engine.generate(prompts, limits, *portion))

    def _timed(self, answers: Iterator[Any]) -> Iterator[Any]:
        while True:
            started = time.perf_counter()
            answer = next(answers, None)
            self.seconds += time.perf_counter() - started
            if answer is None:
                return
            yield answer


def cell(spec: dict[str, Any], work: dict[str, Any], weights: str, threads: int) -> dict[str, Any]:
    """Runs a cell as a worker does, its prompts included, and takes its time apart.

    Returns:
        `engine_seconds`: inside the engine's answers. `around_seconds`: all the rest but opening
        engine and tokenizer, of which `prompting_seconds` went into the prompts' step.
    """
    timed: list[TimedEngine] = []
    opening = 0.0

    def opened(asked: EngineSpec) -> Any:
        nonlocal opening
        started = time.perf_counter()
        timed.append(TimedEngine(open_engine(asked)))
        opening = time.perf_counter() - started
        return timed[0]

    tokenizer = answerers._tokenizer(weights)
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(answerers, "open_engine", opened),
    ):
        started = time.perf_counter()
        prompts = Path(folder) / "prompts"
        prompts.mkdir()
        asked = Work(**work)
        ask(asked, tokenizer).write(prompts)
        prompting_seconds = time.perf_counter() - started
        runner = CellRunner(Path(folder) / "results", threads, Path(folder) / "home")
        runner.run(cell_task(spec, asked.kind, prompts, weights), lambda *_: None)
        seconds = time.perf_counter() - started - opening
        runner.close()
    engine_seconds = timed[0].seconds
    return {
        "seconds": seconds,
        "engine_seconds": engine_seconds,
        "around_seconds": seconds - engine_seconds,
        "prompting_seconds": prompting_seconds,
        "examples": asked.examples,
    }


def memory(spec: dict[str, Any], weights: str, examples: int, threads: int) -> dict[str, Any]:
    """Resident bytes of this process after 0, 1000, … examples of a classification cell.

    Sentences are cycled, each with its number, so that no prompt occurs twice.
    """
    resident: list[int] = []

    def progress(done: int, total: int, unit: str, pace: Pace | None = None) -> None:
        if done % EVERY == 0:
            resident.append(psutil.Process().memory_info().rss)

    with tempfile.TemporaryDirectory() as folder:
        data = phrasebank()
        rows = [data.test[n % len(data.test)] for n in range(examples)]
        numbered = [Example(str(n), f"{n}. {row.text}", row.target) for n, row in enumerate(rows)]
        many = Dataset(data.train, tuple(numbered), data.labels)
        prompts = Path(folder) / "prompts"
        prompts.mkdir()
        prompts_to_ask(open_tokenizer(Path(weights)), many, SENTIMENT, None, 0).write(prompts)
        runner = CellRunner(Path(folder) / "results", threads, Path(folder) / "home")
        started = time.perf_counter()
        runner.run(cell_task(spec, "classify", prompts, weights), progress)
        seconds = time.perf_counter() - started
        runner.close()
    after = psutil.Process().memory_info().rss
    return {"seconds": seconds, "resident_bytes": resident, "after_bytes": after, "every": EVERY}


def cell_task(spec: dict[str, Any], kind: str, prompts: Path, weights: str) -> StepJob:
    """The cell of one model and one task, as a plan would put it."""
    files = {role: spec[role] for role in ("weights", "gguf") if spec.get(role)}
    options = {key: value for key, value in spec.items() if key not in files}
    asked: dict[str, Any] = {"type": kind, "dataset": "benchmark"}
    if kind == "summarize":
        asked["max_new_tokens"] = NEW_TOKENS
    params = CellParams(task=task_of(asked), options=LoadOptions(**options), seed=0)
    step = make_step("cell", "benchmark", params, {}, {}, model="model", task="task")
    return StepJob(step, {**files, "prompts": str(prompts), "tokenizer": weights})
