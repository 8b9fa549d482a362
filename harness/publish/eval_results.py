"""`.eval_results/*.yaml` of a model's repo: scores on benchmarks that the Hub has registered.

The Hub takes one bare value for a registered benchmark, and nothing for any other data set: there the model
card is the place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml
from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

from harness.errors import InputError
from harness.exports.origin import HubData, data_on_hub
from harness.hub.records import COMMIT
from harness.publish.judged import refusals, warnings, with_ancestors
from harness.publish.publication import Publication
from harness.records import Cell, Summary, TaskSummary


@dataclass(frozen=True)
class Benchmark:
    """A registered benchmark, as its repo's `eval.yaml` has it."""

    task_id: str
    metric: str
    factor: float
    """What our figure is multiplied by: their scores are in percent."""
    config: str | None = None
    """The configuration that it is; None where there is but one."""


REGISTERED: Mapping[str, Benchmark] = {
    "TIGER-Lab/MMLU-Pro": Benchmark("mmlu_pro", "accuracy", 100.0),
    "Idavidrein/gpqa": Benchmark("diamond", "accuracy", 100.0, "gpqa_diamond"),
}
"""Registered benchmarks (November 2026) whose score a task of the harness gives."""


def eval_results(summary: Summary, model: str, source_url: str | None = None) -> Publication:
    """The file of a model's scores.

    Raises:
        InputError: none of the suite's tasks is a registered benchmark, asked whole.
    """
    entries, why = [], []
    for cell in summary.cells:
        if cell.model != model or cell.status == "failed":
            continue
        task = summary.tasks[cell.task]
        hub = data_on_hub(task)
        if reason := _not_taken(task, hub, cell):
            why.append(f"{cell.task} {reason}")
        elif hub is not None:
            entries.append(_entry(summary, cell, hub, source_url))
    if not entries:
        reasons = "; ".join(why) or f"{model} answered nothing"
        raise InputError(
            f"no score of {model} belongs into .eval_results: {reasons}",
            "The model card is the place for these: --as model-card.",
        )
    text = yaml.safe_dump(eval_result_entries_to_yaml(entries), sort_keys=False, allow_unicode=True)
    line = with_ancestors(summary, model)
    left = tuple(f"not in the file: {one}" for one in why)
    told = (*warnings(summary, line), *left)
    file = {f".eval_results/{summary.suite['name']}.yaml": text.encode()}
    return Publication("eval-results", "model", file, refusals(summary, line), told)


def _not_taken(task: TaskSummary, hub: HubData | None, cell: Cell) -> str:
    """Why a cell's figure is no score of a registered benchmark; "" where it is one."""
    if hub is None:
        return f"is on {task.dataset or 'no data set'}, which is not on the Hub"
    known = REGISTERED.get(hub.repo)
    if known is None:
        return f"is on {hub.repo}, which is no registered benchmark"
    if known.config not in (None, hub.config):
        return f"is on the configuration {hub.config} of {hub.repo}, and the benchmark is {known.config}"
    if known.metric not in cell.metrics or cell.metrics[known.metric].value is None:
        return f"has no {known.metric}"
    if task.available is None or cell.n < task.available:
        return f"asked {cell.n:,} of {task.available or 0:,} examples, and the benchmark is all of them"
    return ""


def _entry(summary: Summary, cell: Cell, hub: HubData, source_url: str | None) -> EvalResultEntry:
    known, task = REGISTERED[hub.repo], summary.tasks[cell.task]
    notes = ", ".join(_notes(task, cell))
    source = {"source_url": source_url, "source_name": "harness"} if source_url else {}
    return EvalResultEntry(
        dataset_id=hub.repo,
        task_id=known.task_id,
        value=(cell.metrics[known.metric].value or 0.0) * known.factor,
        dataset_revision=hub.revision if hub.revision and COMMIT.fullmatch(hub.revision) else None,
        date=summary.created,
        notes=notes,
        **source,
    )


def _notes(task: TaskSummary, cell: Cell) -> Iterator[str]:
    """How it was asked, for whoever holds the score against others."""
    yield f"{task.shots}-shot"
    yield "log-likelihood of the choices"
    value = cell.metrics["accuracy"]
    if value.low is not None and value.high is not None:
        yield f"interval {100 * value.low:.2f} to {100 * value.high:.2f}"
    yield f"n = {cell.n:,}"
