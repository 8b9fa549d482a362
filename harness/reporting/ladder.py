"""The quantization ladder: what each rung weighs, keeps and gains."""

from __future__ import annotations

from harness.records import MetricDescriptor, Summary
from harness.reporting import charts
from harness.reporting.blocks import Block, Chart, Column, Datum, Prose, Row, Table
from harness.reporting.format import DASH, fixed, share
from harness.reporting.kinds import ladders, precision
from harness.reporting.lineage import lineage_words
from harness.reporting.marks import Marks
from harness.reporting.measures import (
    headline,
    label,
    quality_tasks,
    reference_tasks,
    task_column,
    timed_tasks,
    value_of,
)
from harness.reporting.tables import KIND_NOTE, MODEL, interval_note, result, shared_n, size

FIDELITY = ("kl_mean", "same_top1")


def ladder_blocks(summary: Summary) -> list[Block]:
    """A table and a chart for each group of models that differ in precision alone."""
    blocks: list[Block] = []
    for index, rungs in enumerate(ladders(summary.models), start=1):
        blocks.append(_table(summary, rungs))
        chart = _chart(summary, rungs, index)
        few = "Fewer than two rungs have a figure, so there is no chart of quality against size."
        blocks.append(chart or Prose((few,)))
    return blocks


def _measures(summary: Summary) -> list[tuple[str, MetricDescriptor]]:
    picked = [(task, headline(summary.tasks[task])) for task in quality_tasks(summary)]
    picked += [
        (t, summary.tasks[t].metric(name)) for t in reference_tasks(summary) for name in FIDELITY
    ]
    return picked + [(t, headline(summary.tasks[t])) for t in timed_tasks(summary)]


def _table(summary: Summary, rungs: list[str]) -> Table:
    picked = _measures(summary)
    columns = (
        MODEL,
        Column("Type", numeric=False),
        Column("Size on disk", "of the first · cost ↓"),
        Column("Bits per weight"),
        *(task_column(metric, task, shared_n(summary, task)) for task, metric in picked),
    )
    rows = [
        Row(
            (
                *_facts(summary, rungs, rung),
                *(result(summary, rung, t, m.name, roof=True) for t, m in picked),
            )
        )
        for rung in rungs
    ]
    stem = lineage_words(summary.models[rungs[0]].lineage[:-1])
    caption = f"The rungs of {stem}" if stem else "The rungs"
    notes = (interval_note(summary), KIND_NOTE, *Marks.read(summary).notes(rungs))
    return Table(caption, columns, tuple(rows), notes)


def _facts(summary: Summary, rungs: list[str], rung: str) -> tuple[Datum, ...]:
    model, first = summary.models[rung], summary.models[rungs[0]]
    part = share(model.bytes / first.bytes) if model.bytes and first.bytes else ""
    bits = DASH if model.bits_per_weight is None else fixed(model.bits_per_weight, 2)
    return (
        Marks.read(summary).name(rung),
        Datum(precision(model) or DASH),
        Datum(size(model.bytes).text, part),
        Datum(bits, tone="missing" if bits == DASH else "plain"),
    )


def _chart(summary: Summary, rungs: list[str], index: int) -> Chart | None:
    panels = []
    for task in quality_tasks(summary):
        metric = headline(summary.tasks[task])
        points = []
        for rung in rungs:
            value, weight = value_of(summary, rung, task, metric.name), summary.models[rung].bytes
            if value is not None and value.value is not None and weight:
                point = charts.Point(rung, value.value, value.low, value.high, weight / 1e6)
                points.append(point)
        panels.append(charts.Panel(f"{task}: {label(metric)}", tuple(points)))
    svg = charts.against_size(panels)
    if svg is None:
        return None
    tasks = " and ".join(
        f"{label(headline(summary.tasks[t]))} on {t}" for t in quality_tasks(summary)
    )
    return Chart(
        f"quality-against-size-{index}",
        "Quality against size: up is better, left is smaller; lines are intervals; upright axes may "
        "begin above zero",
        f"Scatter plot of {tasks} against megabytes on disk for "
        f"{', '.join(rung for rung in rungs)}. The table above holds the same figures.",
        svg,
    )
