"""Results as two tidy tables: a row for each figure, and a row for each answer.

A column that does not apply is None. A figure is the number of `summary.json`, not rounded and not scaled;
times `factor` it is in `unit`. A failed cell is one row without a figure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from harness.exports.results import Results
from harness.records import Cell, Sample, SpeedDetails, Value
from harness.reporting.lineage import lineage_words

Kind = Literal["text", "number", "count", "flag", "json"]
Row = dict[str, Any]


@dataclass(frozen=True)
class Table:
    """Rows, and what their columns hold, in the order of the columns."""

    columns: dict[str, Kind]
    rows: list[Row]


METRIC_COLUMNS: dict[str, Kind] = {
    "suite": "text",
    "created": "text",
    "model": "text",
    "task": "text",
    "type": "text",
    "dataset": "text",
    "metric": "text",
    "label": "text",
    "measures": "text",
    "higher_is_better": "flag",
    "value": "number",
    "low": "number",
    "high": "number",
    "confidence": "number",
    "approximate": "text",
    "doubts": "text",
    "n": "count",
    "unit": "text",
    "factor": "number",
    "status": "text",
    "error_kind": "text",
    "error": "text",
    "lineage": "text",
    "synthetic": "flag",
    "engine": "text",
    "engine_version": "text",
    "dtype": "text",
    "device": "text",
    "parameters": "count",
    "bytes": "count",
    "bits_per_weight": "number",
    "processor": "text",
    "harness": "text",
}
ANSWER_COLUMNS: dict[str, Kind] = {
    "suite": "text",
    "model": "text",
    "task": "text",
    "example": "text",
    "index": "count",
    "prompt_sha256": "text",
    "text": "text",
    "target": "text",
    "answer": "text",
}


def metrics_table(results: Results) -> Table:
    """A row for each model, task and metric, and one for each failed cell."""
    rows = [row for cell in results.summary.cells for row in _metric_rows(results, cell)]
    return Table(METRIC_COLUMNS, rows)


def answers_table(results: Results, tasks: Collection[str] | None = None) -> Table:
    """A row for each answer, a column for each score, and what else is kept of it as `data`.

    Args:
        results: whose answers.
        tasks: only of these; of all where none are named.
    """
    wanted = results.summary.tasks if tasks is None else tasks
    cells = [cell for cell in results.cells() if cell.task in wanted]
    rows = [row for cell in cells for row in _answer_rows(results, cell)]
    scores = sorted({key for row in rows for key in row if key.startswith("score.")})
    columns: dict[str, Kind] = {
        **ANSWER_COLUMNS,
        **dict.fromkeys(scores, "number"),
        "data": "json",
    }
    return Table(columns, [{name: row.get(name) for name in columns} for row in rows])


def doubts_of(cell: Cell) -> str | None:
    """What makes a cell's timings less sure, in one text; None where nothing does."""
    if "speed" not in cell.details:
        return None
    warnings = SpeedDetails.model_validate(cell.details["speed"]).warnings
    return "; ".join(f"{one.kind}: {one.message}" for one in warnings) or None


def _metric_rows(results: Results, cell: Cell) -> Iterator[Row]:
    summary, task = results.summary, results.summary.tasks[cell.task]
    model = summary.models[cell.model]
    common = dict.fromkeys(METRIC_COLUMNS) | {
        "suite": results.suite,
        "created": summary.created,
        "model": cell.model,
        "task": cell.task,
        "type": task.type,
        "dataset": task.dataset,
        "status": cell.status,
        "lineage": lineage_words(model.lineage),
        "synthetic": model.synthetic or task.synthetic,
        "engine": cell.engine.get("engine") or model.engine,
        "engine_version": cell.engine.get("version"),
        "dtype": cell.engine.get("dtype"),
        "device": cell.engine.get("device"),
        "parameters": model.parameters,
        "bytes": model.bytes,
        "bits_per_weight": model.bits_per_weight,
        "processor": summary.machine_of(cell).get("processor"),
        "harness": summary.software.get("harness"),
    }
    if cell.status == "failed":
        error = {"error_kind": cell.error.kind, "error": cell.error.message} if cell.error else {}
        yield common | error
        return
    doubts = doubts_of(cell)
    for name, value in cell.metrics.items():
        of = task.metric(name)
        yield common | {
            "metric": name,
            "label": of.label,
            "measures": of.measures,
            "higher_is_better": of.higher_is_better,
            **_figures(value, summary.confidence),
            "doubts": doubts if of.is_timing else None,
            "n": cell.n if value.n is None else value.n,
            "unit": of.unit,
            "factor": of.factor,
        }


def _figures(value: Value, confidence: float) -> Row:
    has_interval = value.low is not None or value.high is not None
    return {
        "value": value.value,
        "low": value.low,
        "high": value.high,
        "confidence": confidence if has_interval else None,
        "approximate": value.approximate,
    }


def _answer_rows(results: Results, cell: Cell) -> Iterator[Row]:
    texts = results.store.texts(cell.task)
    for sample in results.answers(cell):
        yield {
            "suite": results.suite,
            "model": cell.model,
            "task": cell.task,
            "example": sample.id,
            "index": sample.index,
            "prompt_sha256": sample.prompt or None,
            "text": texts.get(sample.id),
            "target": sample.target,
            "answer": sample.answer,
            **{f"score.{name}": score for name, score in sample.scores.items()},
            "data": _data(sample),
        }


def _data(sample: Sample) -> dict[str, Any] | None:
    return sample.data or None
