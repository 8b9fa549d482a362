"""Tables of a card, in Markdown: figures with their intervals, and differences with theirs."""

from __future__ import annotations

import re
from typing import Any

from harness.records import MetricDescriptor, Summary, Value
from harness.reporting.format import p_value
from harness.reporting.markdown import code, escape
from harness.suite.schema import TASK_TYPES

ARROWS = {True: " ↑", False: " ↓", None: ""}


def is_main(summary: Summary, task: str, metric: str) -> bool:
    """Whether a metric is one of the few that a short table shows."""
    of = summary.tasks[task]
    return metric in TASK_TYPES[of.type].main_metrics or of.metric(metric).own


def figures_table(summary: Summary, model: str, main: bool) -> str:
    """A row for each main figure of a model, or for each of the others; ⚠ where timings are in doubt."""
    rows = []
    for cell in summary.cells:
        if cell.model != model or cell.status == "failed":
            continue
        task = summary.tasks[cell.task]
        for name, value in cell.metrics.items():
            if is_main(summary, cell.task, name) != main:
                continue
            of = task.metric(name)
            mark = " ⚠" if of.is_timing and in_doubt(summary, model, cell.task) else ""
            shown = f"{figure(of, value.value)}{mark}"
            count = cell.n if value.n is None else value.n
            title = f"{escape(of.label)}{ARROWS[of.higher_is_better]}"
            rows.append([code(cell.task), title, shown, interval(of, value), f"{count:,}"])
    return table(["Task", "Metric", "Value", "Interval", "n"], rows) if rows else ""


def comparisons_table(summary: Summary, model: str) -> str:
    """A row for each difference of a main figure from a baseline; "" where there is none."""
    rows = []
    for row in summary.comparisons:
        if row.candidate != model or row.delta is None:
            continue
        if not is_main(summary, row.task, row.metric):
            continue
        of = summary.tasks[row.task].metric(row.metric)
        difference = Value(value=row.delta, low=row.low, high=row.high, approximate=row.approximate)
        p = "" if row.p_adjusted is None else p_value(row.p_adjusted)
        doubted = any(in_doubt(summary, one, row.task) for one in (model, row.baseline))
        signed = f"{figure(of, row.delta, signed=True)}{' ⚠' * (of.is_timing and doubted)}"
        cells = [code(row.baseline), code(row.task), escape(of.label), signed]
        rows.append([*cells, interval(of, difference), escape(p)])
    head = ["Against", "Task", "Metric", "Difference", "Interval", "p, adjusted"]
    return table(head, rows) if rows else ""


def in_doubt(summary: Summary, model: str, task: str) -> bool:
    """Whether something makes the timings of a cell less sure."""
    return any(
        cell.details.get("speed", {}).get("warnings")
        for cell in summary.cells
        if (cell.model, cell.task) == (model, task)
    )


def folded(title: str, table: str) -> str:
    """A table that opens on demand; "" where there is none."""
    return f"<details><summary>{title}</summary>\n\n{table}\n\n</details>" if table else ""


def fenced(text: str) -> str:
    """Commands as code, behind a fence that nothing in them ends."""
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sh\n{text}\n{fence}"


def figure(of: MetricDescriptor, value: float | None, signed: bool = False) -> str:
    """A figure with its digits and its unit."""
    if value is None:
        return "–"
    said = format(value * of.factor, f"{'+' * signed}z{of.format}")
    return f"{said} {escape(of.unit)}".rstrip()


def interval(of: MetricDescriptor, value: Value) -> str:
    """An interval with its digits, ≈ before one that is approximate."""
    if value.low is None or value.high is None:
        return ""
    ends = ", ".join(format(end * of.factor, f"z{of.format}") for end in (value.low, value.high))
    return f"{'≈ ' if value.approximate else ''}{ends}"


def value_cell(value: Any) -> str:
    """A setting, as it is."""
    return code(str(value))


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table; every cell is Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
