"""Tables of results: figures with their intervals, and the number of examples beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.quantities import byte_size
from harness.records import OWN_METRICS, Cell, Failure, Summary
from harness.reporting.blocks import Column, Datum, Line, Row, Table
from harness.reporting.format import DASH, count, percent_level
from harness.reporting.marks import Marks
from harness.reporting.measures import (
    cell_of,
    column,
    figure,
    floor_label,
    headline,
    label,
    number,
    task_column,
    task_metrics,
)
from harness.suite.schema import TASK_TYPES

MODEL = Column("Model", numeric=False)


def name(text: str) -> Datum:
    """A name that the suite wrote."""
    return Datum(text, name=True)


def interval_note(summary: Summary) -> Line:
    """What square brackets, arrows and dashes mean."""
    level = percent_level(summary.confidence)
    return (
        f"Square brackets: {level} interval. ↑ higher is better, ↓ lower is better, "
        f"n is the number of examples, {DASH} not asked or not measured.",
    )


KIND_NOTE: Line = (
    "Each heading says what kind of figure it is: of quality, of change (how much, not in which "
    "direction: it has no arrow), or of cost.",
)


def matrix(summary: Summary) -> Table:
    """Every model against the first metric of every task, with what needs no language model."""
    picked = [(task, headline(of)) for task, of in summary.tasks.items()]
    doubts = Marks.read(summary)
    columns = (
        MODEL,
        *(task_column(metric, task, shared_n(summary, task)) for task, metric in picked),
        Column("Size on disk", "cost ↓"),
    )
    rows = [
        Row(
            (
                doubts.name(model),
                *(result(summary, model, task, metric.name, roof=True) for task, metric in picked),
                size(of.bytes),
            )
        )
        for model, of in summary.models.items()
    ]
    rows += [
        Row(
            (
                Datum(floor_label(floor)),
                *(
                    figure(metric, summary.tasks[task].floors.get(floor, {}).get(metric.name))
                    for task, metric in picked
                ),
                Datum(DASH, tone="missing"),
            ),
            floor=True,
        )
        for floor in dict.fromkeys(f for t in summary.tasks.values() for f in t.floors)
    ]
    notes = [interval_note(summary), KIND_NOTE, *doubts.notes(summary.models)]
    if any(row.floor for row in rows):
        notes.append(_floor_note({f for t in summary.tasks.values() for f in t.floors}))
    return Table("Each model on each task", columns, tuple(rows), tuple(notes))


def _floor_note(floors: set[str]) -> Line:
    said = "Rows in italics are the floor for every other row"
    if floors - {"16-bit"}:
        said += ": they need no language model"
    if "16-bit" in floors:
        said += (
            f"; {floor_label('16-bit')} is what 16 bits instead of 32 alone change in the reference"
        )
    return (f"{said}.",)


def task_table(
    summary: Summary,
    task: str,
    caption: str = "every metric",
    metrics: Sequence[str] | None = None,
) -> Table:
    """Some metrics of one task, by default all, for every model that was asked, and its floors."""
    of, doubts = summary.tasks[task], Marks.read(summary)
    shown = task_metrics(summary, task) if metrics is None else metrics
    asked = [model for model in summary.models if cell_of(summary, model, task) is not None]
    rows = [
        Row((doubts.name(model), *(result(summary, model, task, metric) for metric in shown)))
        for model in asked
    ]
    rows += [
        Row(
            (
                Datum(floor_label(floor)),
                *(figure(of.metric(metric), of_floor.get(metric)) for metric in shown),
            ),
            True,
        )
        for floor, of_floor in of.floors.items()
        if metrics is None or set(of_floor) & set(shown)
    ]
    n = shared_n(summary, task)
    unit = TASK_TYPES[of.type].noun
    title = f"{task}: {caption}" + (f" ({n} {unit})" if n else "")
    columns = (MODEL, *(column(of.metric(metric)) for metric in shown))
    notes = (*doubts.notes(asked), *_together(summary, task, shown))
    return Table(title, columns, tuple(rows), notes)


def task_tables(summary: Summary, task: str) -> list[Table]:
    """Every metric of one task; those that the suite names stand apart."""
    own = _own_table(summary, task)
    if not own:
        return [task_table(summary, task)]
    named = summary.tasks[task].metrics
    usual = [m for m in task_metrics(summary, task) if m not in named or not named[m].own]
    return [task_table(summary, task, "the usual metrics", usual), *own]


def own_tables(summary: Summary) -> list[Table]:
    """The metrics that the suite names, task by task."""
    return [table for task in summary.tasks for table in _own_table(summary, task)]


def _own_table(summary: Summary, task: str) -> list[Table]:
    named = [name for name, of in summary.tasks[task].metrics.items() if of.own]
    if not named or not any(cell.task == task for cell in summary.cells):
        return []
    return [task_table(summary, task, "metrics that the suite names", named)]


def _together(summary: Summary, task: str, shown: Sequence[str]) -> list[Line]:
    """Figures of metrics that are no mean over examples: what they give for all answers at once."""
    notes: list[Line] = []
    for metric in shown:
        of, found = summary.tasks[task].metric(metric), {}
        for cell in summary.cells:
            value = cell.metrics.get(metric)
            whole = cell.details.get(OWN_METRICS, {}).get(metric, {}).get("together")
            if cell.task != task or value is None or value.value is None or whole is None:
                continue
            if not math.isclose(whole, value.value, rel_tol=1e-6, abs_tol=1e-9):
                found[cell.model] = number(of, whole, [whole])
        if found:
            each = ", ".join(f"{model} {figure}" for model, figure in found.items())
            notes.append(
                (
                    f"{label(of)} is the mean of scores of single answers, so that models can "
                    "be compared answer by answer. Computed over all answers at once it is another "
                    f"figure: {each}.",
                )
            )
    return notes


def result(summary: Summary, model: str, task: str, metric: str, roof: bool = False) -> Datum:
    """A model's figure, or why there is none; n where it differs from the other models'.

    With `roof`, beside a decode speed stands the share of the memory limit that it reached.
    """
    cell = cell_of(summary, model, task)
    if cell is None:
        return Datum(DASH, tone="missing")
    if cell.status == "failed":
        return Datum("✗ failed", cell.error.kind if cell.error else "", tone="bad")
    of = summary.tasks[task]
    shown = figure(of.metric(metric), cell.metrics.get(metric))
    if of.reference == model and of.metric(metric).measures == "change":
        return Datum(shown.text, "the reference")
    reached = cell.metrics.get("roofline_share")
    if roof and metric == "decode_tokens_per_second" and reached and reached.value is not None:
        part = figure(of.metric("roofline_share"), reached).text
        detail = f"{shown.detail} {part}% of the memory limit".strip()
        shown = Datum(shown.text, detail, shown.tone)
    if shared_n(summary, task) is None and shown.tone != "missing":
        return Datum(shown.text, f"{shown.detail} n = {count(cell.n)}".strip())
    return shown


def shared_n(summary: Summary, task: str) -> int | None:
    """The number of examples of a task, where every model answered the same number."""
    sizes = {c.n for c in summary.cells if c.task == task and c.status == "ok"}
    return sizes.pop() if len(sizes) == 1 else None


def size(of_bytes: int | None) -> Datum:
    """A size on disk."""
    return Datum(DASH, tone="missing") if of_bytes is None else Datum(byte_size(of_bytes))


def failures(summary: Summary) -> Table | None:
    """What failed, why, and what to do about it."""
    rows = [
        Row(
            (
                name(model),
                Datum("every task"),
                *_why(of.error.kind, of.error.message, of.error.hint),
            )
        )
        for model, of in summary.models.items()
        if of.error is not None
    ]
    rows += [
        _failed_row(cell)
        for cell in summary.cells
        if cell.status == "failed" and cell.error != _model_error(summary, cell)
    ]
    texts = [Column(c, numeric=False) for c in ("Task", "Kind", "What happened", "What to do")]
    return Table("What failed", (MODEL, *texts), tuple(rows)) if rows else None


def _model_error(summary: Summary, cell: Cell) -> Failure | None:
    return summary.models[cell.model].error if cell.model in summary.models else None


def _failed_row(cell: Cell) -> Row:
    error = cell.error
    why = _why(error.kind, error.message, error.hint) if error else _why("", "", "")
    return Row((name(cell.model), name(cell.task), *why))


def _why(*texts: str) -> tuple[Datum, ...]:
    return tuple(Datum(text or DASH) for text in texts)
