"""Results folders with answers to every type of task, made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.records import (
    Cell,
    Failure,
    ModelSummary,
    Sample,
    SourceStep,
    Summary,
    TaskSummary,
    Value,
)
from harness.results.store import ResultsStore
from harness.suite.schema import SuiteSpec
from tests.analysis.samples import descriptors

TASKS: dict[str, dict[str, Any]] = {
    "sentiment": {"type": "classify", "dataset": "phrasebank-sample"},
    "dialogue": {"type": "summarize", "dataset": "dialogue-sample"},
    "fidelity": {"type": "divergence", "dataset": "dialogue-sample", "reference": "old"},
    "speed": {"type": "speed"},
}


def asked(samples: Sequence[Sample], wording: str = "") -> list[Sample]:
    """The same samples with a hash of what each was asked."""
    return [s.model_copy(update={"prompt": f"{wording}{s.id}"}) for s in samples]


def write_results(
    folder: Path,
    cells: Mapping[tuple[str, str], Sequence[Sample]],
    tasks: Mapping[str, Mapping[str, Any]] | None = None,
    prompts: str = "",
    failed: Mapping[tuple[str, str], str] | None = None,
    processor: str = "cpu",
    keys: Mapping[str, str] | None = None,
    nodes: Mapping[str, str] | None = None,
) -> Path:
    """Writes `folder` as results/<suite>.

    Args:
        folder: where.
        cells: samples by model and task.
        tasks: settings of the tasks that are not as in `TASKS`.
        prompts: the hash of what every cell was asked (a timing asks nothing).
        failed: reasons of failed cells, by model and task.
        processor: of the machine.
        keys: of the models.
        nodes: processors of the machines that models were timed on, where that is known.
    """
    failed, keys = failed or {}, keys or {}
    places = [*cells, *failed]
    models = list(dict.fromkeys(model for model, _ in places))
    settings = {task: {**TASKS[task], **(tasks or {}).get(task, {})} for _, task in places}
    spec = SuiteSpec.model_validate(
        {
            "name": folder.name,
            "models": {model: {"source": "starter"} for model in models},
            "tasks": settings,
        }
    )
    store, written = ResultsStore(folder), []
    for model, task in places:
        reason = failed.get((model, task))
        samples = cells.get((model, task), ())
        key = f"key of {model}"
        where = store.cell(model, task)
        where.start([sample.model_copy(update={"key": key}) for sample in samples])
        labels = sorted({sample.target for sample in samples if sample.target})
        once = {"load_seconds": Value(value=1.0)} if settings[task]["type"] == "speed" else {}
        cell = Cell(
            key=key,
            model=model,
            task=task,
            status="failed" if reason else "ok",
            n=len(samples),
            metrics=once,
            prompts="" if settings[task]["type"] == "speed" else prompts,
            details={"confusion": {"labels": labels}}
            if settings[task]["type"] == "classify"
            else {},
            error=Failure(kind="crash", message=reason) if reason else None,
            machine={"processor": nodes[model], "cores": 2} if nodes else {},
        )
        where.finish(cell)
        written.append(cell)
    store.write_summary(
        Summary(
            suite={
                "name": folder.name,
                "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True),
            },
            created="2026-11-21T12:00:00+00:00",
            machine={"processor": processor, "cores": 2},
            software={},
            models={
                model: ModelSummary(
                    lineage=[SourceStep(name=model)], engine="hf", key=keys.get(model, "")
                )
                for model in models
            },
            tasks={
                task: TaskSummary(
                    type=of["type"], description=task, metrics=descriptors(of["type"])
                )
                for task, of in settings.items()
            },
            cells=written,
            comparisons=[],
            gates=[],
        )
    )
    return folder
