"""Quality against total bits, over models of several sizes: a small one in many bits, or a large one in few?

After Dettmers and Zettlemoyer, "The case for 4-bit precision: k-bit inference scaling laws" (arXiv
2212.09720), figure 1. Total bits are parameters times bits per weight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import MetricDescriptor, ModelSummary, Summary, TaskSummary, Value
from harness.reporting.blocks import Block, Chart, Charts, Column, Fields, Table, table
from harness.reporting.charts import Point, Scatter, front, scatter
from harness.reporting.format import fixed
from harness.reporting.kinds import ladders, precision, stem
from harness.reporting.lineage import lineage_words
from harness.reporting.marks import Marks
from harness.reporting.measures import (
    arrow,
    column,
    figure,
    headline,
    higher_is_better,
    label,
    quality_tasks,
    reference_tasks,
    value_of,
)
from harness.reporting.tables import MODEL, interval_note

TEXT_METRIC = "bits_per_byte"
GIGABIT = 1e9


@dataclass(frozen=True)
class Scale:
    """A metric that models of all sizes have: of one task, or of several on the same documents."""

    tasks: tuple[str, ...]
    metric: MetricDescriptor

    @property
    def title(self) -> str:
        return f"{', '.join(self.tasks)}: {label(self.metric)}"


def scaling_blocks(summary: Summary) -> list[Block]:
    """A chart, and for each metric the models that no smaller one beats.

    Nothing where fewer than two sizes have two rungs with a figure each.
    """
    sizes = _sizes(summary)
    counts = {summary.models[rungs[0]].parameters for rungs in sizes.values()}
    if len(counts - {None}) < 2:
        return []
    drawn = [(scale, _lines(summary, scale, sizes)) for scale in _scales(summary)]
    drawn = [(scale, lines) for scale, lines in drawn if len({p.group for p in lines}) > 1]
    made = []
    for index, (scale, lines) in enumerate(drawn, start=1):
        title = f"{scale.title} {arrow(scale.metric)}".strip()
        of = Scatter("total bits (Gbit, log) ↓", title, tuple(lines), log_x=True, joined=True)
        description = (
            f"Lines of {title} against total bits for {', '.join(sizes)}. The table holds the same "
            "figures."
        )
        if svg := scatter(of):
            made.append(Chart(f"quality-against-total-bits-{index}", "", description, svg))
    if not made:
        return []
    note = (
        "Quality against total bits (parameters times bits per weight), a line for each size: where lines "
        "overlap, the better one makes more of as many bits. Total bits decide how much memory weights take, "
        "and on most machines how fast a model decodes (arXiv 2212.09720).",
    )
    return [
        Charts(tuple(made), note),
        *(_table(summary, scale, lines) for scale, lines in drawn),
    ]


def _sizes(summary: Summary) -> dict[str, list[str]]:
    """The ladders by the name of their line; of two that read alike the second names its first rung."""
    found: dict[str, list[str]] = {}
    for rungs in ladders(summary.models):
        named = _size(summary.models[rungs[0]])
        found[f"{named} ({rungs[0]})" if named in found else named] = rungs
    return found


def _size(model: ModelSummary) -> str:
    """What a line is called: "596M Qwen/Qwen3-0.6B-Base"."""
    of = model.parameters or 0
    number = f"{of / 1e9:.3g}B" if of >= 1e9 else f"{of / 1e6:.3g}M"
    return f"{number} {lineage_words(stem(model))}"


def _scales(summary: Summary) -> list[Scale]:
    """Each graded task; and tasks on the same text, whatever model each has for its reference."""
    scales = [Scale((task,), headline(summary.tasks[task])) for task in quality_tasks(summary)]
    texts: dict[tuple[object, ...], list[str]] = {}
    for task in reference_tasks(summary):
        texts.setdefault(_documents(summary.tasks[task]), []).append(task)
    return scales + [
        Scale(tuple(tasks), summary.tasks[tasks[0]].metric(TEXT_METRIC)) for tasks in texts.values()
    ]


def _documents(task: TaskSummary) -> tuple[object, ...]:
    return (task.dataset, task.n, task.seed, task.shots, task.settings.get("window"))


def _lines(summary: Summary, scale: Scale, sizes: dict[str, list[str]]) -> list[Point]:
    """The points of each size that has two figures or more."""
    lines: list[Point] = []
    for size, rungs in sizes.items():
        points = [point for rung in rungs for point in _point(summary, scale, rung, size)]
        lines += points if len(points) > 1 else []
    return lines


def _point(summary: Summary, scale: Scale, rung: str, size: str) -> tuple[Point, ...]:
    model, value = summary.models[rung], _value(summary, scale, rung)
    if not (model.parameters and model.bits_per_weight) or value is None or value.value is None:
        return ()
    bits = model.parameters * model.bits_per_weight / GIGABIT
    return (Point(rung, bits, value.value, value.low, value.high, group=size),)


def _value(summary: Summary, scale: Scale, model: str) -> Value | None:
    found = (value_of(summary, model, task, scale.metric.name) for task in scale.tasks)
    return next((value for value in found if value is not None), None)


def _table(summary: Summary, scale: Scale, points: Sequence[Point]) -> Table:
    best = front(points, higher_is_better(scale.metric) is not False)
    marks = Marks.read(summary)
    rows: list[Fields] = [
        {
            MODEL: marks.name(point.name),
            "Type": precision(summary.models[point.name]) or "",
            Column("Total bits", "Gbit"): fixed(point.x, 3),
            column(scale.metric): figure(scale.metric, _value(summary, scale, point.name)),
        }
        for point in best
    ]
    note = (
        f"{len(points) - len(best)} of {len(points)} models are left out: one with as many bits or fewer "
        "has at least as good a figure. Figures are compared as they are, not by their intervals.",
    )
    return table(f"The best for its bits: {scale.title}", rows, [interval_note(summary), note])
