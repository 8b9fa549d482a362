"""A model card: how a model was made, what was measured of it, and how sure that is.

The figures stand in its head as `model-index` (huggingface_hub's `EvalResult`), exact and with their intervals, and
in a table below, as a reader reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from harness.exports.origin import data_on_hub, source_on_hub, was_made
from harness.finetuning import METHODS
from harness.publish.judged import refusals, warnings, with_ancestors
from harness.publish.publication import MARK, Publication
from harness.publish.tables import (
    comparisons_table,
    fenced,
    figures_table,
    folded,
    is_main,
    value_cell,
)
from harness.records import (
    AdapterStep,
    Cell,
    FinetuneStep,
    ModelSummary,
    QuantizeStep,
    Summary,
    TaskSummary,
)
from harness.reporting.format import clean_lines, sentence
from harness.reporting.lineage import lineage_words
from harness.reporting.markdown import code, escape
from harness.suite.schema import TASK_TYPES

TASKS = {
    "classify": ("text-classification", "Text Classification"),
    "multiple_choice": ("multiple-choice", "Multiple Choice"),
    "summarize": ("summarization", "Summarization"),
}
"""What the Hub calls these types of tasks; all others are text generation."""
METRICS = {"macro_f1": "f1"}
"""What the Hub calls metrics that it knows by another name."""


def model_card(summary: Summary, model: str) -> Publication:
    """The README of a model's repo.

    Args:
        summary: cleaned of this machine.
        model: one of the suite's.
    """
    line = with_ancestors(summary, model)
    against, told = refusals(summary, line), warnings(summary, line)
    head = _head(summary, model).to_yaml()
    body = "\n\n".join(
        [MARK, f"# {escape(model)}", *filter(None, _body(summary, model, (*against, *told)))]
    )
    data = f"---\n{head}\n---\n\n{body}\n".encode()
    return Publication("model-card", "model", {"README.md": data}, against, told)


def results_of(summary: Summary, model: str) -> Iterator[EvalResult]:
    """The figures of the model's answers; what was timed is no property of the model alone and is left out."""
    for cell in summary.cells:
        task = summary.tasks[cell.task]
        if cell.model != model or cell.status == "failed" or TASK_TYPES[task.type].timed:
            continue
        hub, (kind, title) = (
            data_on_hub(task),
            TASKS.get(task.type, ("text-generation", "Text Generation")),
        )
        for name, value in cell.metrics.items():
            if value.value is None:
                continue
            yield EvalResult(
                task_type=kind,
                task_name=title,
                dataset_type=hub.repo if hub else task.dataset or cell.task,
                dataset_name=task.dataset or cell.task,
                dataset_config=hub.config if hub else None,
                dataset_split=hub.split if hub else None,
                dataset_revision=hub.revision if hub else None,
                metric_type=METRICS.get(name, name),
                metric_name=task.metric(name).label,
                metric_value=value.value,
                metric_config=None,
                metric_args=_args(summary, cell, name, task),
            )


def _args(summary: Summary, cell: Cell, name: str, task: TaskSummary) -> dict[str, Any]:
    value = cell.metrics[name]
    found: dict[str, Any] = {"task": cell.task, "n": cell.n if value.n is None else value.n}
    if task.shots:
        found["shots"] = task.shots
    if value.low is not None and value.high is not None:
        found |= {"low": value.low, "high": value.high, "confidence": summary.confidence}
    if value.approximate is not None:
        found["approximate"] = value.approximate
    return found


def _head(summary: Summary, model: str) -> ModelCardData:
    of = summary.models[model]
    source = source_on_hub(of)
    tasks = [summary.tasks[c.task] for c in summary.cells if c.model == model and c.status == "ok"]
    data = sorted({hub.repo for task in tasks if (hub := data_on_hub(task)) is not None})
    results = list(results_of(summary, model))
    main = {
        name
        for cell in summary.cells
        if cell.model == model and cell.task in summary.tasks
        for name in cell.metrics
        if is_main(summary, cell.task, name) and not summary.tasks[cell.task].metric(name).is_timing
    }
    known: dict[str, Any] = {
        "base_model": source,
        "base_model_relation": _relation(of) if source and was_made(of) else None,
        "library_name": _library(of),
        "tags": ["harness", *(["synthetic"] if of.synthetic else [])],
        "datasets": data or None,
        "metrics": sorted(METRICS.get(name, name) for name in main) or None,
        "model_name": model,
        "eval_results": results or None,
    }
    return ModelCardData(**{key: value for key, value in known.items() if value is not None})


def _relation(of: ModelSummary) -> str:
    """What a model is to its base, in the Hub's words."""
    last = of.lineage[-1]
    if isinstance(last, QuantizeStep):
        return "quantized"
    if isinstance(last, AdapterStep):
        return "adapter"
    if isinstance(last, FinetuneStep):
        method = METHODS.get(last.method)
        return "adapter" if method is None or method.makes == "adapter" else "finetune"
    tuned = any(isinstance(step, FinetuneStep | AdapterStep) for step in of.lineage)
    return "finetune" if tuned else "quantized"


def _library(of: ModelSummary) -> str:
    if of.engine == "llamacpp":
        return "gguf"
    adapter = of.lineage and _relation(of) == "adapter"
    return "peft" if adapter else "transformers"


def _body(summary: Summary, model: str, told: Sequence[str]) -> Iterator[str]:
    of = summary.models[model]
    yield from (f"> ⚠ {escape(sentence(one))}" for one in told)
    yield f"Made as: {escape(lineage_words(of.lineage))}."
    facts = [
        ("Parameters", None if of.parameters is None else f"{of.parameters:,}"),
        ("Size", None if of.bytes is None else f"{of.bytes:,} bytes"),
        ("Bits per weight", None if of.bits_per_weight is None else f"{of.bits_per_weight:.2f}"),
    ]
    yield "\n".join(f"- {name}: {value}" for name, value in facts if value is not None)
    failed = [c for c in summary.cells if c.model == model and c.status == "failed"]
    yield "## Results"
    yield (
        f"Measured by harness {escape(summary.software.get('harness', ''))} on {escape(summary.created[:10])}, "
        f"with {summary.confidence:.0%} intervals; ≈ marks those that are approximate. Speeds are those of "
        f"{escape(str(summary.machine.get('processor', 'an unknown machine')))}."
    )
    yield figures_table(summary, model, main=True)
    yield folded("All other figures", figures_table(summary, model, main=False))
    if failed:
        yield "\n".join(f"- {code(c.task)} failed, and has no figure." for c in failed)
    if table := comparisons_table(summary, model):
        yield "## Against the model that it came from"
        yield table
    yield from _training(of)
    yield "## To make it again"
    yield (
        fenced("\n".join(clean_lines(one) for one in summary.commands)) if summary.commands else ""
    )
    sha256 = code(str(summary.suite.get("sha256", "")))
    yield f"The suite's SHA-256 is {sha256}, the model's key {code(of.key)}."


def _training(of: ModelSummary) -> Iterator[str]:
    training = of.training
    if training is None:
        return
    yield "## Fine-tuning"
    learned = ", ".join(f"{code(one.name)} ({one.learned:,} rows)" for one in training.learned)
    rows = {
        "Method": escape(training.method),
        "Learned from": learned,
        "Examples": f"{training.examples:,} in {training.epochs:g} epochs, {training.steps:,} steps",
        "Loss": f"{training.beginning_loss:.3f} → {training.end_loss:.3f}",
        "Trainable parameters": f"{training.trainable_parameters:,} of {training.total_parameters:,}",
        "Time": f"{training.seconds:,.0f} s",
        **{escape(key): value_cell(value) for key, value in training.hyperparameters.items()},
    }
    lines = [f"| {key} | {value} |" for key, value in rows.items() if value]
    yield "\n".join(["| | |", "|---|---|", *lines])
