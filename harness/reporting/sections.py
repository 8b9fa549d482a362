"""The report in the order in which a reader wants it: the answer first, the means last."""

from __future__ import annotations

from harness.quantities import plural
from harness.records import Summary
from harness.reporting import charts
from harness.reporting.blocks import (
    Block,
    Bullets,
    Chart,
    Document,
    Line,
    Name,
    Prose,
    Section,
    Table,
    listed,
)
from harness.reporting.changed import changed_blocks
from harness.reporting.checks import check_blocks
from harness.reporting.data import rows_read, too_long
from harness.reporting.differences import difference_blocks
from harness.reporting.format import duration, moment, sentence
from harness.reporting.gates import gate_table, gates
from harness.reporting.glossary import glossary
from harness.reporting.kinds import of_kind, without_replicas
from harness.reporting.ladder import ladder_blocks
from harness.reporting.measures import (
    arrow,
    floor_label,
    headline,
    label,
    quality_tasks,
    value_of,
)
from harness.reporting.reproduction import drawn, reproduction_blocks
from harness.reporting.scaling import scaling_blocks
from harness.reporting.tables import failures, matrix, task_tables
from harness.reporting.tuning import tuning_blocks
from harness.reporting.types import TYPE_SECTIONS
from harness.reporting.verdict import verdict


def document(summary: Summary) -> Document:
    """The whole report of a summary; sections that have nothing to say are left out."""
    main = without_replicas(summary)
    parts: tuple[tuple[str, str, list[Block]], ...] = (
        ("verdict", "What this says", list(verdict(summary))),
        ("results", "Results at a glance", glance(main, failures(summary))),
        ("checks", "Can these numbers be believed?", check_blocks(summary)),
        ("fine-tuning", "Before and after fine-tuning", tuning_blocks(summary)),
        ("quantization", "The quantization ladder", quantization(main)),
        ("comparisons", "Other comparisons", other(main)),
        *((of.anchor, of.title, of.blocks(main)) for of in TYPE_SECTIONS),
        ("gates", "Gates", gate_blocks(summary)),
        ("making", "How it was made", reproduction_blocks(summary)),
        ("glossary", "Glossary", [glossary(summary)]),
    )
    name = str(summary.suite.get("name", "suite"))
    about = str(summary.suite.get("description", ""))
    subtitle: Line = (
        f"{sentence(about)} " if about else "",
        f"{plural(len(main.models), 'model')} and {plural(len(summary.tasks), 'task')}, each with the "
        f"same examples for all models. Made {moment(summary.created)}; the run took "
        f"{duration(summary.seconds)}.",
    )
    sections = tuple(Section(a, title, tuple(blocks)) for a, title, blocks in parts if blocks)
    return Document(f"Evaluation report: {name}", subtitle, sections)


def glance(summary: Summary, failed: Table | None = None) -> list[Block]:
    """What was asked, the matrix, what failed, a chart, and every other figure task by task."""
    blocks: list[Block] = []
    if not summary.models or not summary.tasks:
        return [Prose(("The suite asks no model anything.",))]
    blocks.append(Bullets(tuple(_task_line(summary, task) for task in summary.tasks)))
    blocks += [matrix(summary), *([failed] if failed else [])]
    chart = _glance_chart(summary)
    if chart:
        blocks.append(chart)
    elif quality_tasks(summary):
        blocks.append(Prose(("With fewer than two figures a task there is nothing to chart.",)))
    return [*blocks, *(t for task in quality_tasks(summary) for t in task_tables(summary, task))]


def _task_line(summary: Summary, task: str) -> Line:
    of = summary.tasks[task]
    data = f" Data: {of.dataset}, {drawn(of)}." if of.dataset and of.n else ""
    if of.reading is not None and of.reading.left_out:
        data += f" {sentence(rows_read(of.reading))}"
    if said := too_long(of):
        data += f" {sentence(said)}"
    reference = (" Reference: ", Name(of.reference), ".") if of.reference else ()
    cells = {cell.model for cell in summary.cells if cell.task == task}
    asked = [model for model in summary.models if model in cells]
    some = 0 < len(asked) < len(summary.models)
    of_these: Line = (" Only of ", *listed(asked), ".") if some else ()
    return (
        Name(task),
        f" ({of.type}): {sentence(of.description[:1].upper() + of.description[1:])}{data}",
        *reference,
        *of_these,
    )


def _glance_chart(summary: Summary) -> Chart | None:
    panels = []
    for task in quality_tasks(summary):
        of, metric = summary.tasks[task], headline(summary.tasks[task])
        found = [(m, value_of(summary, m, task, metric.name), False) for m in summary.models]
        found += [
            (floor_label(f), metrics.get(metric.name), True) for f, metrics in of.floors.items()
        ]
        points = [
            point
            for model, value, floor in found
            for point in charts.Point.of(model, value, floor=floor)
        ]
        title = f"{task}: {label(metric)} {arrow(metric)}".strip()
        panels.append(charts.Panel(title, tuple(points)))
    svg = charts.dots(panels)
    if svg is None:
        return None
    return Chart(
        "results",
        "Quality by model; lines are intervals, hollow diamonds need no language model; axes may "
        "begin above zero",
        "Dot plot with intervals of the first metric of each graded task, for each model and "
        "floor. The table above holds the same figures.",
        svg,
    )


def quantization(summary: Summary) -> list[Block]:
    """The ladder, the paired differences, and the answers that changed."""
    rows = of_kind(summary, "quantization")
    blocks = [*ladder_blocks(summary), *scaling_blocks(summary)]
    if rows:
        blocks += difference_blocks(summary, "Quantized models against their baseline", rows)
    return [*blocks, *changed_blocks(summary, rows)]


def other(summary: Summary) -> list[Block]:
    """Comparisons that are neither fine-tuning nor quantization."""
    rows = of_kind(summary, "other")
    if not rows:
        return []
    return [*difference_blocks(summary, "Other comparisons", rows), *changed_blocks(summary, rows)]


def gate_blocks(summary: Summary) -> list[Block]:
    """The gates and how they went."""
    lead = Prose(gates(summary))
    return [lead, gate_table(summary)] if summary.gates else [lead]
