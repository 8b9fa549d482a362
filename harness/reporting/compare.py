"""The one table of all models: a row a model, the first figure of every task, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

from harness.quantities import plural
from harness.records import Summary, Value
from harness.reporting.approximate import approximate_notes, values_of
from harness.reporting.blocks import (
    NOT_KNOWN,
    Bar,
    Block,
    Bullets,
    Column,
    Datum,
    Fields,
    Fold,
    Line,
    Name,
    Prose,
    Table,
    listed,
    table,
)
from harness.reporting.costs import cost_blocks, cost_fields, cost_heads, cost_notes
from harness.reporting.data import rows_read, too_long
from harness.reporting.format import sentence, share
from harness.reporting.kinds import ladders, precision, stem, without_replicas
from harness.reporting.lineage import step_words
from harness.reporting.marks import TIMING_NOTE, Marks
from harness.reporting.measures import (
    cell_of,
    figure,
    floor_label,
    headline,
    quality_tasks,
    reference_tasks,
    task_column,
    task_metrics,
    timed_tasks,
    value_of,
)
from harness.reporting.reproduction import drawn
from harness.reporting.tables import (
    MODEL,
    bits,
    failures,
    interval_note,
    result,
    shared_n,
    size,
    task_tables,
)
from harness.reporting.timings import doubts_at

SIZE = Column("Size on disk", "cost ↓")
BITS = Column("Bits per weight", term="bits")
OF_CHANGE = ("kl_mean", "perplexity")
"""What stands in the table of a divergence; the headline first."""
OF_SPEED = ("decode_tokens_per_second",)


@dataclass(frozen=True)
class Pick:
    """A metric of a task that stands in the table, and the scale of its bars."""

    task: str
    metric: str
    column: Column
    largest: float


def compare_blocks(summary: Summary) -> list[Block]:
    """The table, what failed, what was asked, and shut at first every other figure task by task."""
    if not summary.models or not summary.tasks:
        return [Prose(("The suite asks no model anything.",))]
    failed, summary = failures(summary), without_replicas(summary)
    # figures of speed stand in their own section
    graded = [task for task in summary.tasks if task not in timed_tasks(summary)]
    tables = [made for task in graded for made in task_tables(summary, task) if made.rows]
    every: list[Block] = [Fold("All metrics, task by task", tuple(tables))] if tables else []
    asked = Bullets(tuple(task_line(summary, task) for task in summary.tasks))
    return [
        compare_table(summary),
        *([failed] if failed else []),
        *every,
        *cost_blocks(summary),
        Fold(f"What was asked: {plural(len(summary.tasks), 'task')}", (asked,)),
    ]


def compare_table(summary: Summary) -> Table:
    """Every model against the first figures of every task; below, what needs no language model."""
    picked, doubts = _picked(summary), Marks.read(summary)
    parts = _parts(summary)
    rows: list[Fields] = [
        {
            MODEL: replace(doubts.name(model), detail=_made(summary, model, doubts)),
            SIZE: _size(of.bytes, parts.get(model, "")),
            BITS: _sorted(Datum(bits(of)), of.bits_per_weight) if bits(of) else NOT_KNOWN,
            **{one.column: _field(summary, model, one) for one in picked},
            **cost_fields(summary, model),
        }
        for model, of in summary.models.items()
    ]
    found = [
        value.approximate for one in picked for value in values_of(summary, one.task, [one.metric])
    ]
    notes = [
        interval_note(summary),
        *approximate_notes(summary, found),
        *doubts.notes(summary.models),
        *_timing_notes(summary, picked),
        *cost_notes(summary),
    ]
    made = table(
        "Models, a row each",
        rows,
        notes,
        _floors(summary, picked),
        heads=[MODEL, SIZE, BITS, *(one.column for one in picked), *cost_heads(summary)],
    )
    return replace(made, tools=True)


def _timing_notes(summary: Summary, picked: list[Pick]) -> list[Line]:
    doubtful = any(
        doubts_at(summary, model, one.task, one.metric)
        for one in picked
        for model in summary.models
    )
    return [TIMING_NOTE] if doubtful else []


def _made(summary: Summary, model: str, doubts: Marks) -> str:
    """What a model is, in a few words, and its mark."""
    of = summary.models[model]
    last = step_words(of.lineage[-1]) if of.lineage else ""
    what = precision(of) or (last if last != model else "")
    return " ".join(filter(None, (what, doubts.of.get(model, ""))))


def _parts(summary: Summary) -> dict[str, str]:
    """How large a rung of a ladder is beside the first rung."""
    found: dict[str, str] = {}
    for first, *rest in ladders(summary.models):
        whole = summary.models[first].bytes
        for rung in rest:
            part = summary.models[rung].bytes
            if whole and part:
                found[rung] = f"{share(part / whole)} of {first}"
    return found


def _size(of_bytes: int | None, part: str) -> Datum:
    shown = size(of_bytes)
    return shown if of_bytes is None else replace(shown, detail=part, sort=float(of_bytes))


def _sorted(of: Datum, value: float | None) -> Datum:
    return replace(of, sort=value)


def _picked(summary: Summary) -> list[Pick]:
    """The headline of each graded task, then change, then speed."""
    wanted: list[tuple[str, tuple[str, ...]]]
    wanted = [(task, (headline(summary.tasks[task]).name,)) for task in quality_tasks(summary)]
    wanted += [(task, OF_CHANGE) for task in reference_tasks(summary)]
    wanted += [(task, OF_SPEED) for task in timed_tasks(summary)]
    return [
        Pick(
            task,
            metric,
            task_column(summary.tasks[task].metric(metric), task, shared_n(summary, task)),
            max((abs(end) for end in _ends(_alike(summary, task, metric))), default=0.0),
        )
        for task, metrics in wanted
        for metric in metrics
        if metric in task_metrics(summary, task) or metric == headline(summary.tasks[task]).name
    ]


def _alike(summary: Summary, task: str, metric: str) -> list[Value]:
    """The values that bars are scaled by: of a divergence those that differ from the reference in
    precision alone, beside which no other would leave anything to be seen."""
    reference = summary.models.get(summary.tasks[task].reference or "")
    if reference is None or summary.tasks[task].metric(metric).measures != "change":
        return values_of(summary, task, [metric])
    alike = [name for name, of in summary.models.items() if stem(of) == stem(reference)]
    return [v for name in alike if (v := value_of(summary, name, task, metric)) is not None]


def _ends(values: Iterable[Value]) -> list[float]:
    return [
        end
        for of in values
        for end in (of.value, of.high)
        if end is not None and math.isfinite(end)
    ]


def _field(summary: Summary, model: str, one: Pick) -> Datum:
    shown = result(summary, model, one.task, one.metric, roof=True)
    cell = cell_of(summary, model, one.task)
    value = cell.metrics.get(one.metric) if cell is not None and cell.status == "ok" else None
    return with_bar(shown, value, one.largest)


def with_bar(shown: Datum, value: Value | None, largest: float) -> Datum:
    """A figure with a bar from zero, where it and its interval are not negative."""
    if value is None or value.value is None or not math.isfinite(value.value):
        return shown
    ends = [end for end in (value.value, value.low, value.high) if end is not None]
    bar = None
    if largest > 0 and min(ends) >= 0 and max(ends) <= largest:
        low, high = (None if e is None else e / largest for e in (value.low, value.high))
        bar = Bar(value.value / largest, low, high)
    return replace(shown, sort=value.value, bar=bar)


def _floors(summary: Summary, picked: list[Pick]) -> list[Fields]:
    """Baselines without a language model, and of a divergence what 16 bits alone change."""
    floors = dict.fromkeys(f for t in summary.tasks.values() for f in t.floors)
    rows: list[Fields] = []
    for floor in floors:
        row: Fields = {MODEL: Datum(floor_label(floor), _of_floor(floor), term="floor")}
        for one in picked:
            value = summary.tasks[one.task].floors.get(floor, {}).get(one.metric)
            of = summary.tasks[one.task].metric(one.metric)
            row[one.column] = with_bar(figure(of, value), value, one.largest)
        rows.append(row)
    return rows


def _of_floor(floor: str) -> str:
    return "rounding of the reference" if floor == "16-bit" else "no language model"


def task_line(summary: Summary, task: str) -> Line:
    """What a task asks, of what data, and of whom where that is not every model."""
    of = summary.tasks[task]
    data = f" Data: {of.dataset}, {drawn(of)}." if of.dataset and of.n else ""
    if of.reading is not None and of.reading.left_out:
        data += f" {sentence(rows_read(of.reading))}"
    if said := too_long(of):
        data += f" {sentence(said)}"
    reference: Line = (" Reference: ", Name(of.reference), ".") if of.reference else ()
    cells = {cell.model for cell in summary.cells_of(task)}
    asked = [model for model in summary.models if model in cells]
    some = 0 < len(asked) < len(summary.models)
    of_these: Line = (" Only of ", *listed(asked), ".") if some else ()
    return (
        Name(task),
        f" ({of.type}): {sentence(of.description[:1].upper() + of.description[1:])}{data}",
        *reference,
        *of_these,
    )
