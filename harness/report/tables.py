"""Tables of results: figures with their intervals, and the number of examples beside them."""

from __future__ import annotations

from collections.abc import Sequence

from harness.records import Cell, Comparison, Failure, Summary, Value
from harness.report.blocks import (
    Block,
    Column,
    Confusion,
    Datum,
    Fold,
    Line,
    Name,
    Row,
    Table,
    Tone,
)
from harness.report.format import DASH, count, percent_level, probability, si_bytes
from harness.report.measures import (
    arrow,
    cell_of,
    column,
    difference,
    figure,
    floor_label,
    headline,
    label,
    quality_tasks,
    task_metrics,
)
from harness.report.outcomes import DIRECTIONLESS, Outcome, outcome

VERDICTS: dict[Outcome, tuple[str, Tone]] = {
    Outcome.BETTER: ("▲ better", "good"),
    Outcome.WORSE: ("▼ worse", "bad"),
    Outcome.CHANGED: ("◆ changed", "plain"),
    Outcome.TENTATIVE: ("○ not sure", "unsure"),
    Outcome.NOT_SHOWN: ("○ not shown", "unsure"),
    Outcome.SAME: ("＝ same", "unsure"),
    Outcome.NO_INTERVAL: ("? no interval", "unsure"),
    Outcome.MISSING: ("✗ missing", "bad"),
}
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


def matrix(summary: Summary) -> Table:
    """Every model against the first metric of every task, with what needs no language model."""
    picked = [(task, headline(of)) for task, of in summary.tasks.items()]
    columns = [MODEL]
    for task, metric in picked:
        n = shared_n(summary, task)
        head = column(metric, task)
        columns.append(Column(head.label, f"n = {n} · {head.detail}" if n else head.detail))
    columns.append(Column("Size on disk", arrow("peak_bytes")))
    rows = [
        Row(
            (
                name(model),
                *(result(summary, model, task, metric) for task, metric in picked),
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
                    figure(metric, summary.tasks[task].floors.get(floor, {}).get(metric))
                    for task, metric in picked
                ),
                Datum(DASH, tone="missing"),
            ),
            floor=True,
        )
        for floor in dict.fromkeys(f for t in summary.tasks.values() for f in t.floors)
    ]
    notes = [interval_note(summary)]
    if any(row.floor for row in rows):
        notes.append(("Rows in italics need no language model: the floor for every other row.",))
    return Table("Each model on each task", tuple(columns), tuple(rows), tuple(notes))


def task_table(summary: Summary, task: str) -> Table:
    """Every metric of one task for every model that was asked, and its floors."""
    metrics, of = task_metrics(summary, task), summary.tasks[task]
    asked = [model for model in summary.models if cell_of(summary, model, task) is not None]
    rows = [
        Row((name(model), *(result(summary, model, task, metric) for metric in metrics)))
        for model in asked
    ]
    rows += [
        Row(
            (
                Datum(floor_label(floor)),
                *(figure(metric, of_floor.get(metric)) for metric in metrics),
            ),
            True,
        )
        for floor, of_floor in of.floors.items()
    ]
    n = shared_n(summary, task)
    unit = "repetitions" if of.type == "speed" else "examples"
    caption = f"{task}: every metric" + (f" ({n} {unit})" if n else "")
    return Table(caption, (MODEL, *(column(metric) for metric in metrics)), tuple(rows))


def result(summary: Summary, model: str, task: str, metric: str) -> Datum:
    """A model's figure, or why there is none; n where it differs from the other models'."""
    cell = cell_of(summary, model, task)
    if cell is None:
        return Datum(DASH, tone="missing")
    if cell.status == "failed":
        return Datum("✗ failed", cell.error.kind if cell.error else "", tone="bad")
    shown = figure(metric, cell.metrics.get(metric))
    if summary.tasks[task].reference == model and metric in DIRECTIONLESS:
        return Datum(shown.text, "the reference")
    if shared_n(summary, task) is None and shown.tone != "missing":
        return Datum(shown.text, f"{shown.detail} n = {count(cell.n)}".strip())
    return shown


def shared_n(summary: Summary, task: str) -> int | None:
    """The number of examples of a task, where every model answered the same number."""
    sizes = {c.n for c in summary.cells if c.task == task and c.status == "ok"}
    return sizes.pop() if len(sizes) == 1 else None


def size(of_bytes: int | None) -> Datum:
    """A size on disk."""
    return Datum(DASH, tone="missing") if of_bytes is None else Datum(si_bytes(of_bytes))


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


def difference_blocks(summary: Summary, caption: str, rows: Sequence[Comparison]) -> list[Block]:
    """The differences that tasks are first judged by, and all others, shut."""
    first = [
        row
        for row in rows
        if row.task in quality_tasks(summary) and row.metric == headline(summary.tasks[row.task])
    ]
    rest = [row for row in rows if row not in first]
    if not first or not rest:
        return [differences(summary, caption, rows)]
    other = f"{caption}: every other metric"
    return [
        differences(summary, caption, first),
        Fold(other, (differences(summary, other, rest),)),
    ]


def differences(summary: Summary, caption: str, rows: Sequence[Comparison]) -> Table:
    """Paired differences, candidate minus baseline, with what may be concluded."""
    level = percent_level(summary.confidence)
    columns = (
        Column("Candidate", numeric=False),
        Column("against", numeric=False),
        Column("Task and metric", numeric=False),
        Column("Before"),
        Column("After"),
        Column("Difference", f"[{level} interval]"),
        Column("p", "adjusted"),
        Column("Better / worse", "of n examples"),
        Column("Conclusion", numeric=False),
    )
    notes: list[Line] = [
        (
            "The same examples are compared pair by pair, so that a difference can be sure where "
            "the intervals of two models overlap. p is adjusted for the number of candidates. "
            "“Not shown”: the interval includes zero, so with this many examples neither a gain "
            "nor a loss could be shown.",
        )
    ]
    notes += [
        (Name(row.candidate), " on ", Name(row.task), f": {row.reason}.")
        for row in rows
        if row.reason
    ]
    return Table(caption, columns, tuple(_difference(summary, r) for r in rows), tuple(notes))


def _difference(summary: Summary, row: Comparison) -> Row:
    found = outcome(row, summary.confidence)
    text, tone = VERDICTS[found]
    delta = difference(row)
    flips = DASH if row.better is None else f"{row.better} / {count(row.worse)}"
    p = probability(row.p if row.p_adjusted is None else row.p_adjusted)
    return Row(
        (
            name(row.candidate),
            name(row.baseline),
            Datum(f"{row.task}: {label(row.metric)} {arrow(row.metric)}".strip()),
            single(row.metric, row.baseline_value),
            single(row.metric, row.candidate_value),
            delta,
            Datum(p, tone="missing" if p == DASH else "plain"),
            Datum(flips, f"n = {count(row.n)}", "missing" if flips == DASH else "plain"),
            Datum(text, tone=tone),
        )
    )


def single(metric: str, value: float | None) -> Datum:
    """A figure whose interval stands elsewhere."""
    return figure(metric, Value(value=value))


def gate_table(summary: Summary) -> Table:
    """Every gate with its rule, its outcome and the reason."""
    texts = ("Gate", "Candidate", "against", "Task and metric", "Rule", "Reason")
    rows = tuple(
        Row(
            (
                Datum("✓ met", tone="good") if g.passed else Datum("✗ not met", tone="bad"),
                name(g.candidate),
                name(g.baseline),
                Datum(f"{g.task}: {label(g.metric)}"),
                Datum(g.rule),
                Datum(g.reason),
            )
        )
        for g in summary.gates
    )
    return Table(
        "Each gate, for each candidate", tuple(Column(t, numeric=False) for t in texts), rows
    )


def confusions(summary: Summary, task: str) -> list[Confusion]:
    """The confusion matrix of each model that classified."""
    found: list[Confusion] = []
    for model in summary.models:
        cell = cell_of(summary, model, task)
        details = cell.details.get("confusion") if cell is not None else None
        if details:
            labels = tuple(str(of) for of in details["labels"])
            counts = tuple(tuple(int(v) for v in row) for row in details["matrix"])
            found.append(Confusion(f"{model} on {task}", labels, counts))
    return found
