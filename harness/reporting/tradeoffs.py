"""Trade-offs: what a model costs in size and speed, and what quality it keeps for that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from harness.quantities import byte_size
from harness.records import MetricDescriptor, ModelSummary, Summary
from harness.reporting import charts, costs
from harness.reporting.blocks import Block, Chart, Charts, Datum, Line, Name, Prose
from harness.reporting.charts import Point, Scatter, scatter
from harness.reporting.forest import margins
from harness.reporting.kinds import of_kind, stem
from harness.reporting.lineage import lineage_words
from harness.reporting.measures import (
    arrow,
    difference,
    figure,
    headline,
    higher_is_better,
    label,
    quality_tasks,
    reference_tasks,
    timed_tasks,
    value_of,
)
from harness.reporting.scaling import scaling_blocks

MEGABYTE = 1e6
SIZE = "size on disk (MB) ↓"
MOST_GROUPS = 6
"""More families than that are not told apart by colour and shape."""
FRONT = (
    "Dashed: the Pareto line, the best that so much size gives, by the figures as they are. Upright bars "
    "are intervals; axes may begin above zero."
)
CHANGE = (
    "KL divergence measures how much a model's next-token probabilities changed from its reference's, not in "
    "which direction: whether answers got better or worse, graded tasks alone say (arXiv 2606.19558)."
)


def tradeoff_blocks(summary: Summary) -> list[Block]:
    """Every chart for which there are two points, and what models of several sizes make of their bits."""
    blocks: list[Block] = []
    sizes = [*_quality(summary), *_speed(summary)]
    if sizes:
        blocks.append(Charts(tuple(sizes), (FRONT,)))
    paid = list(_paid(summary))
    if paid:
        blocks.append(Charts(tuple(paid), (costs.WHAT_IS_COUNTED,)))
    kept = [*_divergence(summary), *_differences(summary)]
    if kept:
        references = dict.fromkeys(summary.tasks[t].reference for t in reference_tasks(summary))
        note: Line = (CHANGE,) if any(references) else ()
        blocks.append(Charts(tuple(kept), note))
    blocks += [Prose(_rounding(summary, task)) for task in reference_tasks(summary)]
    return [*blocks, *scaling_blocks(summary)]


def _rounding(summary: Summary, task: str) -> Line:
    """How a reader tells a change from what 16 bits alone bring about."""
    of, reference = summary.tasks[task], Name(summary.tasks[task].reference or "its reference")
    if "16-bit" in of.floors:
        return (
            "16-bit rounding is how far ",
            reference,
            " in 16 bits lies from its own weights in 32, on the same documents: a divergence no larger than "
            "that is within 16-bit rounding noise.",
        )
    reason = str(of.settings.get("16-bit rounding", "not measured"))
    return ("What 16 bits alone change in ", reference, f" was {reason}.")


def first_chart(summary: Summary, file: str) -> Chart | None:
    """What the first screen shows: quality against size, where none is graded decode speed."""
    drawn = next(chain(_quality(summary), _speed(summary)), None)
    return replace(drawn, file=file) if drawn else None


def _quality(summary: Summary) -> Iterator[Chart]:
    for index, task in enumerate(quality_tasks(summary), start=1):
        of = headline(summary.tasks[task])
        title = f"{task}: {_titled(of)}"
        if made := _against_size(summary, task, of, f"quality-against-size-{index}", title):
            yield made


def _speed(summary: Summary) -> Iterator[Chart]:
    for index, task in enumerate(timed_tasks(summary), start=1):
        of = headline(summary.tasks[task])
        title = f"{task}: {_titled(of)}"
        if made := _against_size(summary, task, of, f"decode-against-size-{index}", title):
            yield made


def _paid(summary: Summary) -> Iterator[Chart]:
    """Quality against what it costs, of the models whose costs are in one currency."""
    for index, task in enumerate(quality_tasks(summary), start=1):
        of = headline(summary.tasks[task])
        title, currency = f"{task}: {_titled(of)}", costs.currency(summary, task)
        families = families_of(summary)
        points = []
        for model in summary.models:
            found = costs.cost_of(summary, model, task)
            if found is not None and found.amount is not None and found.currency == currency:
                said = f"{costs.amount(found).text} for 1,000 examples"
                x_of = (float(found.amount), said, families[model])
                points += _point(summary, model, task, of, *x_of)
        x = f"cost of 1,000 examples ({currency}) ↓"
        if made := _against(points, f"quality-against-cost-{index}", x, "what it costs", title, of):
            yield made


def _against_size(
    summary: Summary, task: str, of: MetricDescriptor, file: str, title: str
) -> Chart | None:
    points, families = list[Point](), families_of(summary)
    for model, made in summary.models.items():
        if made.bytes:
            x_of = (made.bytes / MEGABYTE, byte_size(made.bytes), families[model])
            points += _point(summary, model, task, of, *x_of)
    return _against(points, file, SIZE, "size on disk", title, of)


def _point(
    summary: Summary,
    model: str,
    task: str,
    of: MetricDescriptor,
    x: float,
    at: str,
    family: str,
) -> list[Point]:
    value = value_of(summary, model, task, of.name)
    if value is None or value.value is None:
        return []
    shown = figure(of, value)
    ends = _scaled(of, value.value, value.low, value.high)
    said = f"{model}: {shown.text} {shown.detail} at {at}"
    return [Point(model, x, *ends, family, said)]


def _against(
    points: list[Point], file: str, x: str, what: str, title: str, of: MetricDescriptor
) -> Chart | None:
    upwards = higher_is_better(of)
    svg = scatter(Scatter(x, title, tuple(points), higher_is_better=upwards))
    return _chart(file, title, svg, points, what)


def _divergence(summary: Summary) -> Iterator[Chart]:
    """Mean KL divergence of what differs from the reference in precision alone."""
    for index, task in enumerate(reference_tasks(summary), start=1):
        asked, of = summary.tasks[task], headline(summary.tasks[task])
        reference = summary.models.get(asked.reference or "")
        points = []
        for model, made in summary.models.items():
            value = value_of(summary, model, task, of.name)
            like = reference is None or stem(made) == stem(reference)
            if made.bytes and like and model != asked.reference and value and value.value:
                shown = figure(of, value)
                ends = _scaled(of, value.value, value.low, value.high)
                said = _said(model, made, shown)
                points.append(Point(model, made.bytes / MEGABYTE, *ends, title=said))
        floor = asked.floors.get("16-bit", {}).get(of.name)
        level = ("16-bit rounding", floor.value) if floor and floor.value else None
        title = f"{task}: {label(of)} ({', '.join(filter(None, (of.unit, 'log')))})"
        down = Scatter(SIZE, title, tuple(points), log_y=True, higher_is_better=False, level=level)
        if made_chart := _chart(f"divergence-against-size-{index}", title, scatter(down), points):
            yield made_chart


def _differences(summary: Summary) -> Iterator[Chart]:
    """Paired differences in quality of quantized models against their size."""
    allowed = margins(summary)
    rows = of_kind(summary, "quantization")
    for index, task in enumerate(quality_tasks(summary), start=1):
        metric, points = headline(summary.tasks[task]), []
        margin: tuple[float, float] | None = None
        for row in rows:
            of = summary.models.get(row.candidate)
            if (row.task, row.metric) != (task, metric.name) or row.delta is None:
                continue
            if of is None or not of.bytes:
                continue
            shown = difference(metric, row)
            said = _said(row.candidate, of, shown)
            ends = _scaled(metric, row.delta, row.low, row.high)
            points.append(Point(row.candidate, of.bytes / MEGABYTE, *ends, title=said))
            limit = allowed.get((task, metric.name, row.baseline, row.candidate))
            if limit is not None:
                worst = -limit if higher_is_better(metric) else limit
                margin = (metric.factor * worst, 0.0)
        title = f"{task}: difference in {label(metric)}"
        made = Scatter(SIZE, title, tuple(points), zero=True, margin=margin)
        if chart := _chart(f"difference-against-size-{index}", title, scatter(made), points):
            yield chart


def families_of(summary: Summary) -> dict[str, str]:
    """By model what it was taught, which precision does not change; "" where too many differ."""
    found = {name: _family(of) for name, of in summary.models.items()}
    many = len(set(found.values())) > MOST_GROUPS
    return dict.fromkeys(found, "") if many else found


def _family(of: ModelSummary) -> str:
    return lineage_words(stem(of))


def _titled(of: MetricDescriptor) -> str:
    unit = f" ({of.unit})" if of.unit else ""
    return f"{label(of)}{unit} {arrow(of)}".strip()


def _scaled(
    of: MetricDescriptor, value: float, low: float | None, high: float | None
) -> tuple[float, float | None, float | None]:
    """A figure and the ends of its interval in the metric's unit."""
    first, last = (None if end is None else of.factor * end for end in (low, high))
    return of.factor * value, first, last


def _said(model: str, of: ModelSummary, shown: Datum) -> str:
    return f"{model}: {shown.text} {shown.detail} at {byte_size(of.bytes or 0)}"


def _chart(
    file: str,
    title: str,
    svg: str | None,
    points: Sequence[charts.Point],
    what: str = "size on disk",
) -> Chart | None:
    if svg is None:
        return None
    names = ", ".join(point.name for point in points)
    description = (
        f"{title} against {what}, a point each for {names}. The tables hold the same figures."
    )
    return Chart(file, "", description, svg)
