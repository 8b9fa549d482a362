"""Results as many runs would have written them, made of scores that tests choose."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from harness.metrics.statistic import FloatArray
from harness.plan.lineage import lineage_of
from harness.records import Cell, ModelSummary, Sample, Summary, TaskSummary, Value
from harness.results.store import ResultsStore
from harness.suite.schema import TASK_TYPES, SuiteSpec
from tests.analysis.samples import descriptors

SENTIMENT = {"type": "classify", "dataset": "phrasebank-sample"}
DIALOGUE = {"type": "summarize", "dataset": "dialogue-sample"}


@dataclass(frozen=True)
class Run:
    """What one run found.

    `scores` holds by model and task the score of each example; None is a cell that failed.
    """

    scores: Mapping[tuple[str, str], Sequence[float] | FloatArray | None]
    models: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    tasks: Mapping[str, dict[str, Any]] = field(default_factory=lambda: {"sentiment": SENTIMENT})
    created: str = "2026-11-20T12:00:00+00:00"
    keys: Mapping[str, str] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(
        default_factory=lambda: {"processor": "Some CPU", "cores": 2, "architecture": "x86_64"}
    )
    node: Mapping[str, Any] = field(default_factory=dict)
    """That timed it, where it is another."""
    samples: bool = True
    ids: str = "test"
    available: int = 1000
    asked: int = 200
    """Examples of a task of which every cell failed."""
    name: str = "made"
    datasets: Mapping[str, str] = field(default_factory=dict)
    """What the data sets of tasks are called, where not as in the suite."""

    def write(self, folder: Path) -> Path:
        """Writes it as `results/<suite>`."""
        store = ResultsStore(folder)
        cells = [self._cell(store, *place) for place in self.scores]
        store.write_summary(self.summary(cells))
        return folder

    def _cell(self, store: ResultsStore, model: str, task: str) -> Cell:
        scores, kind = self.scores[model, task], self.tasks[task]["type"]
        metric = TASK_TYPES[kind].headline
        key = f"{self.name} {model} {task}"
        told: dict[str, Any] = {"key": key, "model": model, "task": task}
        if scores is None:
            return Cell(**told, status="failed", error={"kind": "crash", "message": "it crashed"})
        values = np.asarray(scores, dtype=np.float64)
        mean, half = float(values.mean()), 1.96 * float(values.std()) / len(values) ** 0.5
        if self.samples and TASK_TYPES[kind].graded:
            lines = [
                Sample(
                    key=key, index=place, id=f"{self.ids}-{place:04d}", target="yes",
                    scores={metric: float(score)},
                ).model_dump_json()
                for place, score in enumerate(values)
            ]  # fmt: skip
            file = store.cell(model, task).samples_file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(f"{line}\n" for line in lines))
        return Cell(
            **told,
            status="ok",
            n=len(values),
            metrics={metric: Value(value=mean, low=mean - half, high=mean + half)},
            prompts=self.prompts.get(task, ""),
            engine={"dtype": "bfloat16"},
            machine=dict(self.node),
        )

    def summary(self, cells: Sequence[Cell] = ()) -> Summary:
        """Its summary."""
        names = dict.fromkeys(model for model, _ in self.scores)
        entries = {name: self.models.get(name, {"source": "starter"}) for name in names}
        roots = {
            of["from"]: {"source": "starter"} for of in entries.values() if of.get("from", "starter") not in {**entries, "starter": 0}
        }  # fmt: skip
        spec = SuiteSpec.model_validate(
            {"name": self.name, "models": {**roots, **entries}, "tasks": dict(self.tasks)}
        )
        return Summary(
            suite={
                "name": self.name,
                "file": f"{self.name}.yaml",
                "text": json.dumps(spec.model_dump(mode="json", by_alias=True, exclude_none=True)),
                "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True),
            },
            created=self.created,
            machine=dict(self.machine),
            software={"harness": "0.1.0"},
            models={
                name: ModelSummary(
                    lineage=list(lineage_of(spec, name)),
                    engine="hf",
                    parameters=1_000_000,
                    bytes=2_000_000,
                    bits_per_weight=16.0,
                    key=self.keys.get(name, f"key of {name}"),
                )
                for name in spec.models
            },
            tasks={
                name: TaskSummary(
                    type=of["type"],
                    description=f"what {name} asks",
                    dataset=self.datasets.get(name, of.get("dataset")),
                    metrics=descriptors(of["type"]),
                    n=next((cell.n for cell in cells if cell.task == name and cell.n), self.asked),
                    available=self.available,
                    seed=0,
                    labels=["yes", "no"] if of["type"] == "classify" else [],
                )
                for name, of in self.tasks.items()
            },
            cells=list(cells),
            comparisons=[],
            gates=[],
        )


def coins(share: float, n: int = 200, seed: int = 0) -> FloatArray:
    """So many answers of which about such a share is right."""
    return (np.random.default_rng(seed).random(n) < share).astype(np.float64)


def named(share: float, *models: str, task: str = "sentiment") -> dict[tuple[str, str], FloatArray]:
    """Answers of some models, each its own."""
    return {(model, task): coins(share, seed=place) for place, model in enumerate(models)}
