"""Asks a model its tasks: opens engines, appends samples as they come, writes the result last."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from harness.engines import EngineSpec, open_engine
from harness.engines.answerer import Answerer
from harness.engines.on_ids import OnIds
from harness.metrics.score import open_scorers
from harness.records import Cell
from harness.results.store import ResultsStore
from harness.runner.cell_scores import refs_of, scored, was_asked, without_own
from harness.runner.engine_files import engine_spec
from harness.runner.jobs import Pace, Progress, StepJob
from harness.runner.speed_runner import run_round
from harness.suite.schema import TaskSpec
from harness.tasks.ask import ask
from harness.tasks.asking import Asking
from harness.tasks.prompts import PromptSet

_TASK: TypeAdapter[Any] = TypeAdapter(TaskSpec)


class CellRunner:
    """Runs cells of one model; the engine is opened once."""

    def __init__(self, results: Path, threads: int, home: Path) -> None:
        self._results = ResultsStore(results)
        self._home = home
        self._threads = threads
        self._answerer: tuple[EngineSpec, Answerer] | None = None

    def close(self) -> None:
        """Frees the engine."""
        if self._answerer is not None:
            self._answerer[1].close()
            self._answerer = None

    def run(self, job: StepJob, progress: Progress) -> None:
        """Answers, or times, what is still open of a cell, and writes its result."""
        step = job.step
        if step.is_timing:
            run_round(job, self._results, self._threads, progress)
            return
        spec = _task_spec(step.params["task"])
        scorers = open_scorers(refs_of(step), job.inputs, self._home)
        folder = self._results.cell(step.model, step.task)
        before = folder.result()
        kept = without_own(spec, folder.samples(step.answers_key))
        folder.start(kept)
        prompts = PromptSet.read(Path(job.inputs["prompts"]))
        total = len(prompts.prompts)
        progress(len(kept), total, "examples")
        if len(kept) == total and was_asked(before, step):
            assert before is not None
            folder.finish(scored(job, spec, scorers, folder, prompts, progress, before))
            return
        options = step.params["options"]
        answerer = self._open(engine_spec("", job.inputs, options, self._threads), job)
        reference = self._open_reference(job)
        asking = Asking(
            key=step.answers_key,
            answerer=answerer,
            prompts=prompts,
            done=frozenset(sample.index for sample in kept),
            reference=reference,
        )
        hashes = {prompt.index: prompts.sha256_of(prompt) for prompt in prompts.prompts}
        started, computed = time.perf_counter(), answerer.work.tokens
        with folder.samples_file.open("a") as stream:
            for count, sample in enumerate(ask(spec, asking), start=1):
                asked = sample.model_copy(update={"prompt": hashes[sample.index]})
                stream.write(f"{asked.model_dump_json()}\n")
                stream.flush()
                seconds, tokens = time.perf_counter() - started, answerer.work.tokens - computed
                pace = Pace(count, tokens, seconds)
                progress(len(kept) + count, total, "examples", pace)
        seconds = time.perf_counter() - started
        if reference is not None:
            reference.close()
        tokens = answerer.work.tokens - computed
        asked_cell = Cell(
            key=step.key,
            model=step.model,
            task=step.task,
            status="ok",
            seconds=seconds,
            tokens=tokens,
            load_seconds=answerer.load_seconds,
            engine=asdict(answerer.info),
            footprint=asdict(answerer.footprint()),
            prompts=prompts.sha256(),
        )
        folder.finish(scored(job, spec, scorers, folder, prompts, progress, asked_cell))

    def _open(self, spec: EngineSpec, job: StepJob) -> Answerer:
        if self._answerer is None or self._answerer[0] != spec:
            self.close()
            self._answerer = spec, _answerer(spec, job)
        return self._answerer[1]

    def _open_reference(self, job: StepJob) -> Answerer | None:
        options = job.step.params.get("reference_options")
        if options is None:
            return None
        return _answerer(engine_spec("reference.", job.inputs, options, self._threads), job)


def _answerer(spec: EngineSpec, job: StepJob) -> Answerer:
    """An open engine with the tokenizer of the task's lineage, which all its models share."""
    return OnIds(open_engine(spec), lambda: _tokenizer(job.inputs["tokenizer"]))


def _task_spec(params: Mapping[str, Any]) -> Any:
    """The task as the suite gave it; reference and documents travel as files, not by name."""
    named = {"reference": "reference", "text": "prompts"}
    extra: dict[str, Any] = named if params["type"] == "divergence" else {}
    if params["type"] == "write":
        extra = {"prompts": ["prompts"]}
    return _TASK.validate_python({**params, **extra})


@lru_cache(maxsize=1)
def _tokenizer(path: str) -> Any:
    from harness.engines.tokenizer import open_tokenizer

    return open_tokenizer(Path(path))
