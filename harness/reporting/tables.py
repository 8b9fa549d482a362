"""Tables of results: figures with their intervals, and the number of examples beside them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from harness.quantities import byte_size
from harness.records import OWN_METRICS, Failure, ModelSummary, Summary
from harness.reporting.approximate import approximate_notes, rare_label_notes, values_of
from harness.reporting.blocks import NOT_KNOWN, Column, Datum, Fields, Line, Table, table
from harness.reporting.format import DASH, count, fixed, percent_level
from harness.reporting.languages import language_notes
from harness.reporting.marks import SIGN, Marks
from harness.reporting.measures import (
    KINDS,
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
from harness.reporting.timings import doubts_at, in_doubt
from harness.suite.schema import TASK_TYPES

MODEL = Column("Model", numeric=False)
DISK = Column("Size on disk", "cost ↓")


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
    picked = [(task, headline(of).name) for task, of in summary.tasks.items()]
    doubts = Marks.read(summary)
    floors = list(dict.fromkeys(f for t in summary.tasks.values() for f in t.floors))
    rows: list[Fields] = [
        {MODEL: doubts.name(model), **results(summary, model, picked), DISK: size(of.bytes)}
        for model, of in summary.models.items()
    ]
    return table(
        "Each model on each task",
        rows,
        [
            interval_note(summary),
            *matrix_doubts(summary),
            KIND_NOTE,
            *doubts.notes(summary.models),
            *_floor_note(floors),
        ],
        (_floor(summary, floor, picked) for floor in floors),
        heads=[MODEL, *(_task_column(summary, *of) for of in picked), DISK],
    )


def matrix_doubts(summary: Summary) -> list[Line]:
    """Why intervals of the models' first metrics are approximate, where they are."""
    found = [
        value.approximate
        for task, of in summary.tasks.items()
        for value in values_of(summary, task, [headline(of).name])
    ]
    return approximate_notes(summary, found)


def results(summary: Summary, model: str, picked: Iterable[tuple[str, str]]) -> Fields:
    """A model's figures of several tasks and a metric of each, for a row of a table."""
    return {
        _task_column(summary, task, metric): result(summary, model, task, metric, roof=True)
        for task, metric in picked
    }


def task_results(
    summary: Summary, model: str, task: str, metrics: Iterable[str], why: bool = True
) -> Fields:
    """A model's figures of one task, for a row of a table."""
    of = summary.tasks[task]
    return {column(of.metric(m)): result(summary, model, task, m, why=why) for m in metrics}


def asked_models(summary: Summary, task: str) -> list[str]:
    """The models that were asked a task, whether they answered or not."""
    return [model for model in summary.models if cell_of(summary, model, task) is not None]


def _task_column(summary: Summary, task: str, metric: str) -> Column:
    return task_column(summary.tasks[task].metric(metric), task, shared_n(summary, task))


def _floor(summary: Summary, floor: str, picked: list[tuple[str, str]]) -> Fields:
    found: Fields = {MODEL: floor_label(floor)}
    for task, metric in picked:
        value = summary.tasks[task].floors.get(floor, {}).get(metric)
        found[_task_column(summary, task, metric)] = figure(
            summary.tasks[task].metric(metric), value
        )
    return found


def _floor_note(floors: Collection[str]) -> list[Line]:
    said = "Rows in italics are baselines"
    if set(floors) - {"16-bit"}:
        said += ": they need no language model"
    if "16-bit" in floors:
        said += (
            f"; {floor_label('16-bit')} is what 16 bits instead of 32 alone change in the reference"
        )
    return [(f"{said}.",)] if floors else []


def task_table(
    summary: Summary,
    task: str,
    caption: str = "every metric",
    metrics: Sequence[str] | None = None,
) -> Table:
    """Some metrics of one task, by default all, for every model that was asked, and its floors."""
    of, doubts = summary.tasks[task], Marks.read(summary)
    shown = task_metrics(summary, task) if metrics is None else metrics
    asked, n = asked_models(summary, task), shared_n(summary, task)
    rows: list[Fields] = [
        {MODEL: doubts.name(model), **task_results(summary, model, task, shown)} for model in asked
    ]
    floors: list[Fields] = [
        {
            MODEL: floor_label(floor),
            **{column(of.metric(m)): figure(of.metric(m), of_floor.get(m)) for m in shown},
        }
        for floor, of_floor in of.floors.items()
        if metrics is None or set(of_floor) & set(shown)
    ]
    return table(
        f"{task}: {caption}" + (f" ({n} {TASK_TYPES[of.type].noun})" if n else ""),
        rows,
        [
            *doubts.notes(asked),
            *approximate_notes(summary, (of.approximate for of in values_of(summary, task, shown))),
            *(rare_label_notes(summary, task) if "macro_f1" in shown else ()),
            *_together(summary, task, shown),
            *language_notes(summary, task, shown),
        ],
        floors,
        heads=[MODEL, *(column(of.metric(metric)) for metric in shown)],
    )


def task_tables(summary: Summary, task: str) -> list[Table]:
    """Every metric of one task; those that the suite names stand apart, and so do measures of change."""
    own, of = _own_table(summary, task), summary.tasks[task]
    change = [m for m in task_metrics(summary, task) if of.metric(m).measures == "change"]
    if change:
        rest = [metric for metric in task_metrics(summary, task) if metric not in change]
        changed = task_table(summary, task, KINDS["change"], change)
        return [changed, *([task_table(summary, task, "quality", rest)] if rest else [])]
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
    if not named or not summary.cells_of(task):
        return []
    return [task_table(summary, task, "metrics that the suite names", named)]


def _together(summary: Summary, task: str, shown: Sequence[str]) -> list[Line]:
    """Figures of metrics that are no mean over examples: what they give for all answers at once."""
    notes: list[Line] = []
    for metric in shown:
        of, found = summary.tasks[task].metric(metric), {}
        for cell in summary.cells_of(task):
            value = cell.metrics.get(metric)
            whole = cell.details.get(OWN_METRICS, {}).get(metric, {}).get("together")
            if value is None or value.value is None or whole is None:
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


def result(
    summary: Summary, model: str, task: str, metric: str, roof: bool = False, why: bool = True
) -> Datum:
    """A model's figure, or why there is none; n where it differs from the other models'.

    With `roof`, beside a decode speed stands the share of the memory limit that it reached. A timing
    that is in doubt bears a sign; with `why` and without `roof`, in tables of one task, its reasons too.
    """
    cell = cell_of(summary, model, task)
    if cell is None:
        return NOT_KNOWN
    if cell.status == "failed":
        return Datum("✗ failed", cell.error.kind if cell.error else "", tone="bad")
    of = summary.tasks[task]
    shown = figure(of.metric(metric), cell.metrics.get(metric))
    if of.reference == model and of.metric(metric).measures == "change":
        return Datum(shown.text, "the reference")
    if shown.tone != "missing" and (found := doubts_at(summary, model, task, metric)):
        said = in_doubt(found) if why and not roof else SIGN
        shown = replace(shown, detail=f"{shown.detail} {said}".strip(), tone="unsure")
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
    sizes = {cell.n for cell in summary.cells_of(task) if cell.status == "ok"}
    return sizes.pop() if len(sizes) == 1 else None


def size(of_bytes: int | None) -> Datum:
    """A size on disk."""
    return NOT_KNOWN if of_bytes is None else Datum(byte_size(of_bytes))


def bits(of: ModelSummary) -> str:
    """Bits per weight; "" where they are not known."""
    return "" if of.bits_per_weight is None else fixed(of.bits_per_weight, 2)


def failures(summary: Summary) -> Table | None:
    """What failed, why, and what to do about it; what failed with its model is said once."""
    broken = {model: of.error for model, of in summary.models.items() if of.error is not None}
    failed = [(model, Datum("every task"), error) for model, error in broken.items()]
    failed += [
        (cell.model, name(cell.task), cell.error or Failure(kind="", message=""))
        for cell in summary.cells
        if cell.status == "failed" and cell.error != broken.get(cell.model)
    ]
    rows: list[Fields] = [
        {
            MODEL: name(model),
            "Task": task,
            "Kind": error.kind or DASH,
            "What happened": error.message or DASH,
            "What to do": error.hint or DASH,
        }
        for model, task, error in failed
    ]
    return table("What failed", rows) if rows else None
