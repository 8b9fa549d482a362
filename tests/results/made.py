"""Results as a run leaves them, made by hand: a suite of two models and their classified answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.analysis.metrics import compute_metrics
from harness.metrics.classification import confusion
from harness.metrics.registry import metrics_of
from harness.records import Cell, Failure, ModelSummary, Sample, SourceStep, Summary, TaskSummary
from harness.results.baselines import answers_in
from harness.results.judge import compare_and_judge
from harness.results.store import ResultsStore
from harness.suite.schema import SuiteSpec
from tests.analysis.samples import descriptors

LABELS = ("negative", "neutral", "positive")


def classified(right: Sequence[bool], key: str) -> list[Sample]:
    """Answers to as many examples, right or one label off."""
    samples = []
    for index, is_right in enumerate(right):
        target = LABELS[index % 3]
        answer = target if is_right else LABELS[(index + 1) % 3]
        scores = {"accuracy": float(is_right), "unparsed": 0.0}
        samples.append(
            Sample(
                key=key, index=index, id=f"e{index:04}", target=target, answer=answer, scores=scores
            )
        )
    return samples


def write_results(
    folder: Path,
    right: Mapping[str, Sequence[bool]],
    gates: Sequence[Mapping[str, Any]] = (),
    prompts: Mapping[str, str] | None = None,
    failed: Sequence[str] = (),
    machine: str = "cpu",
) -> Path:
    """Writes `folder` as results/<suite>: the first model is the baseline of the others.

    Args:
        folder: where.
        right: by model, which of its answers are right.
        gates: as in a suite.
        prompts: hash of the prompts by model; by default the same for all.
        failed: models whose cell failed.
        machine: the processor's name.
    """
    models = list(right)
    spec = SuiteSpec.model_validate(
        {
            "name": folder.name,
            "models": {name: {"source": "starter"} for name in models},
            "tasks": {"sentiment": {"type": "classify", "dataset": "phrasebank-sample"}},
            "compare": {"ladder": {"baseline": models[0], "candidates": models[1:]}}
            if len(models) > 1
            else {},
            "gates": list(gates),
        }
    )
    store, cells = ResultsStore(folder), []
    for model in models:
        samples = classified(right[model], f"key-{model}")
        where = store.cell(model, "sentiment")
        where.start(samples)
        error = Failure(kind="crash", message="it fell over") if model in failed else None
        cell = Cell(
            key=f"key-{model}",
            model=model,
            task="sentiment",
            status="failed" if error else "ok",
            n=len(samples),
            metrics={}
            if error
            else compute_metrics(metrics_of("classify"), samples, 0, labels=LABELS),
            prompts=(prompts or {}).get(model, "same"),
            details={
                "confusion": {"labels": list(LABELS), "matrix": confusion(samples, LABELS).tolist()}
            },
            error=error,
        )
        where.finish(cell)
        cells.append(cell)
    summary = Summary(
        suite={
            "name": folder.name,
            "spec": spec.model_dump(mode="json", by_alias=True, exclude_none=True),
        },
        created="2026-11-21T12:00:00+00:00",
        machine={"processor": machine, "cores": 2},
        software={},
        models={
            name: ModelSummary(lineage=[SourceStep(name=name)], engine="hf") for name in models
        },
        tasks={
            "sentiment": TaskSummary(
                type="classify", description="sentences", metrics=descriptors("classify")
            )
        },
        cells=cells,
        comparisons=[],
        gates=[],
    )
    comparisons, verdicts = compare_and_judge(answers_in(folder, _written(store, summary)))
    store.write_summary(summary.model_copy(update={"comparisons": comparisons, "gates": verdicts}))
    return folder


def _written(store: ResultsStore, summary: Summary) -> Summary:
    store.write_summary(summary)
    return summary
