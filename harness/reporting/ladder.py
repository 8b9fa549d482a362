"""The quantization ladder: what each rung weighs, keeps and gains."""

from __future__ import annotations

from harness.records import ModelSummary, Summary
from harness.reporting import charts
from harness.reporting.blocks import (
    NOT_KNOWN,
    Block,
    Chart,
    Column,
    Datum,
    Fields,
    Prose,
    Table,
    table,
)
from harness.reporting.format import DASH, share
from harness.reporting.kinds import ladders, precision
from harness.reporting.lineage import lineage_words
from harness.reporting.marks import Marks
from harness.reporting.measures import (
    headline,
    label,
    quality_tasks,
    reference_tasks,
    timed_tasks,
    value_of,
)
from harness.reporting.tables import KIND_NOTE, MODEL, bits, interval_note, results, size

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


def _measures(summary: Summary) -> list[tuple[str, str]]:
    tasks = summary.tasks
    picked = [(task, headline(tasks[task]).name) for task in quality_tasks(summary)]
    picked += [(task, metric) for task in reference_tasks(summary) for metric in FIDELITY]
    return picked + [(task, headline(tasks[task]).name) for task in timed_tasks(summary)]


def _table(summary: Summary, rungs: list[str]) -> Table:
    models, doubts, first = summary.models, Marks.read(summary), summary.models[rungs[0]]
    rows: list[Fields] = [
        {
            MODEL: doubts.name(rung),
            "Type": precision(models[rung]) or DASH,
            Column("Size on disk", "of the first · cost ↓"): _size(models[rung], first),
            Column("Bits per weight"): bits(models[rung]) or NOT_KNOWN,
            **results(summary, rung, _measures(summary)),
        }
        for rung in rungs
    ]
    stem = lineage_words(first.lineage[:-1])
    notes = (interval_note(summary), KIND_NOTE, *doubts.notes(rungs))
    return table(f"The rungs of {stem}" if stem else "The rungs", rows, notes)


def _size(model: ModelSummary, first: ModelSummary) -> Datum:
    part = share(model.bytes / first.bytes) if model.bytes and first.bytes else ""
    return Datum(size(model.bytes).text, part)


def _chart(summary: Summary, rungs: list[str], index: int) -> Chart | None:
    panels = []
    for task in quality_tasks(summary):
        metric = headline(summary.tasks[task])
        points: list[charts.Point] = []
        for rung in rungs:
            if weight := summary.models[rung].bytes:
                value = value_of(summary, rung, task, metric.name)
                points += charts.Point.of(rung, value, weight / 1e6)
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
