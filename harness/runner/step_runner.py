"""Does the steps of a job inside a worker process: artifacts here, cells in `cell_runner`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.data import DATASETS, draw
from harness.runner.artifacts import FILE_OF_KIND, ArtifactStore
from harness.runner.cell_runner import CellRunner
from harness.runner.jobs import Job, Progress, Task
from harness.runner.results import ResultsStore
from harness.runner.threads import threads_for

"""Done, total, what is counted."""

PARITY_PROMPTS = 8
"""Prompts of each task that a GGUF is checked on."""


class StepRunner:
    """Runs steps one after the other; an engine stays loaded while the next step wants it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._store = ArtifactStore(Path(job.home))
        self._cells = CellRunner(Path(job.results), job.threads)

    def do(self, task: Task, progress: Progress) -> None:
        """Does one step; raises what keeps it from being done."""
        if task.step.is_timing:
            from harness.runner.speed_runner import run_round

            run_round(task, ResultsStore(Path(self._job.results)), self._job.threads, progress)
            return
        if task.step.kind == "cell":
            self._cells.run(task, progress)
            return
        with self._store.making(task.step) as out:
            if out is not None:
                started = time.perf_counter()
                outcome = self._make(task, out, progress)
                self._store.commit(task.step, out, outcome, time.perf_counter() - started)

    def close(self) -> None:
        """Frees the engine."""
        self._cells.close()

    def _make(self, task: Task, out: Path, progress: Progress) -> dict[str, Any]:
        handler: Callable[[Task, Path, Progress], dict[str, Any]]
        handler = getattr(self, f"_make_{task.step.kind}")
        return handler(task, out, progress)

    def _make_prompts(self, task: Task, out: Path, progress: Progress) -> dict[str, Any]:
        from harness.engines.tokenizer import open_tokenizer
        from harness.tasks.prompting import prompts_to_ask

        params = task.step.params
        info = DATASETS[params["dataset"]]
        prompts = prompts_to_ask(
            open_tokenizer(Path(task.inputs["tokenizer"])),
            info.read(),
            info.phrasing,
            limit=params["limit"],
            seed=params["seed"],
            shots=params["shots"],
            plain=params["plain"],
        )
        prompts.write(out)
        return prompts.summary()

    def _make_examples(self, task: Task, out: Path, progress: Progress) -> dict[str, Any]:
        from harness.engines.tokenizer import open_tokenizer
        from harness.tasks.prompting import prompts_to_learn

        params = task.step.params
        tokenizer = open_tokenizer(Path(task.inputs["tokenizer"]))
        count = 0
        with (out / FILE_OF_KIND["examples"]).open("w") as stream:
            for part in params["sets"]:
                info = DATASETS[part["dataset"]]
                rest = {key: params[key] for key in ("limit", "seed", "plain")}
                for prompt in prompts_to_learn(tokenizer, info.read(), info.phrasing, **rest):
                    row = {"prompt_ids": prompt.ids, "target_ids": prompt.target_ids}
                    stream.write(f"{json.dumps(row)}\n")
                    count += 1
        return {"examples": count}

    def _make_floors(self, task: Task, out: Path, progress: Progress) -> dict[str, Any]:
        from harness.analysis.floors import classification_floors, summary_floor

        params = task.step.params
        data = DATASETS[params["dataset"]].read()
        test = draw(data.test, params["limit"], params["seed"], bool(data.labels))
        pairs = [(example.text, example.target) for example in test]
        if data.labels:
            train = [(example.text, example.target) for example in data.train]
            floors = classification_floors(train, pairs, params["seed"])
        else:
            texts, targets = zip(*pairs, strict=True)
            floors = summary_floor(texts, targets, params["seed"])
        return {
            name: {metric: value.model_dump() for metric, value in values.items()}
            for name, values in floors.items()
        }

    def _make_finetune(self, task: Task, out: Path, progress: Progress) -> dict[str, Any]:
        from harness.models.finetune import finetune
        from harness.models.recipe import Recipe, default_learning_rate
        from harness.models.sources import hidden_size

        given = {key: value for key, value in task.step.params.items() if value is not None}
        if isinstance(given["target_modules"], list):
            given["target_modules"] = tuple(given["target_modules"])
        weights, examples = Path(task.inputs["weights"]), Path(task.inputs["examples"])
        given.setdefault("learning_rate", default_learning_rate(hidden_size(weights)))
        threads = threads_for(weights, self._job.threads)
        training = finetune(weights, examples, Recipe(**given), out, progress, threads)
        return training.model_dump(mode="json")

    def _make_merge(self, task: Task, out: Path, progress: Progress) -> dict[str, Any]:
        from harness.models.merge import merge

        weights, adapter = Path(task.inputs["weights"]), Path(task.inputs["adapter"])
        merge(weights, adapter, out, task.step.params["base_precision"])
        return {}

    def _make_convert(self, task: Task, out: Path, progress: Progress) -> dict[str, Any]:
        from harness.models.convert import convert

        convert(Path(task.inputs["weights"]), out / FILE_OF_KIND["convert"])
        return {}

    def _make_quantize(self, task: Task, out: Path, progress: Progress) -> dict[str, Any]:
        from harness.models.quantize import quantize

        target = out / FILE_OF_KIND["quantize"]
        quantize(Path(task.inputs["gguf"]), target, task.step.params["type"], self._job.threads)
        return {}

    def _make_parity(self, task: Task, out: Path, progress: Progress) -> dict[str, Any]:
        from harness.models.parity import check_parity
        from harness.tasks.prompts import PromptSet

        prompts = out / "prompts.jsonl"
        with prompts.open("w") as stream:
            for role, folder in sorted(task.inputs.items()):
                if role.startswith("prompts."):
                    for prompt in PromptSet.read(Path(folder)).prompts[:PARITY_PROMPTS]:
                        row = {"text": prompt.text, "ids": prompt.ids}
                        stream.write(f"{json.dumps(row)}\n")
        weights, gguf = Path(task.inputs["weights"]), Path(task.inputs["gguf"])
        found = check_parity(weights, gguf, prompts, out / "parity.json")
        return {**found.model_dump(mode="json"), "against": task.step.settings["against"]}
