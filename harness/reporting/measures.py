"""Figures of a metric as a reader meets them: its label, its direction, its digits, its unit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from harness.quantities import byte_size
from harness.records import (
    Cell,
    Comparison,
    GateVerdict,
    Measures,
    MetricDescriptor,
    Summary,
    TaskSummary,
    Value,
)
from harness.reporting.blocks import NOT_KNOWN, Column, Datum
from harness.reporting.format import (
    MINUS,
    count,
    decimals_for,
    decimals_of_magnitude,
    fixed,
    known,
    scientific,
)
from harness.suite.schema import TASK_TYPES, TaskType

Details = TypeVar("Details", bound=BaseModel)
FLOOR_LABELS = {
    "majority": "majority vote",
    "tfidf": "TF-IDF + logistic regression",
    "lead": "first sentences",
    "chance": "guessing",
    "position": "always the same place",
    "16-bit": "16-bit rounding",
}
KINDS: dict[Measures, str] = {
    "quality": "quality",
    "change": "how much changed, not in which direction",
    "cost": "cost",
}
"""What kind of figure a reader is looking at; of change: arXiv 2606.19558."""
_DIRECTIONS = {True: "↑", False: "↓", None: ""}
APPROXIMATE = "≈"
"""Before an interval that may hold the truth less often than it says."""
_UNREADABLY_SMALL = 1e-4


def metric_of(summary: Summary, row: Comparison | GateVerdict) -> MetricDescriptor:
    """What is known of the metric that a difference or a gate is about."""
    return summary.tasks[row.task].metric(row.metric)


def label(of: MetricDescriptor) -> str:
    """The metric's label in the middle of a sentence: "accuracy", "ROUGE-L", "mean KL …"."""
    first = of.label.split(" ")[0]
    if first.upper() == first or "-" in first:
        return of.label
    return of.label[0].lower() + of.label[1:]


def higher_is_better(of: MetricDescriptor) -> bool | None:
    """The metric's better direction; None where it has none, as no measure of change has."""
    return None if of.measures == "change" else of.higher_is_better


def arrow(of: MetricDescriptor) -> str:
    """↑ where higher is better, ↓ where lower is."""
    return _DIRECTIONS[higher_is_better(of)]


def headline(task: TaskSummary) -> MetricDescriptor:
    """The metric that a task is first judged by."""
    return task.metric(TASK_TYPES[task.type].headline)


def is_headline(summary: Summary, row: Comparison) -> bool:
    """Whether a difference is of the metric that its task, a graded one, is first judged by."""
    of = summary.tasks[row.task]
    return TASK_TYPES[of.type].graded and row.metric == headline(of).name


def task_metrics(summary: Summary, task: str) -> list[str]:
    """The metrics that any cell or floor of a task has: the known ones in their order first."""
    of_task = summary.tasks[task]
    present = [m for c in summary.cells if c.task == task for m in c.metrics]
    present += [m for floor in of_task.floors.values() for m in floor]
    first = [m for m in of_task.metrics if m in present]
    return [*first, *sorted({m for m in present if m not in first})]


def tasks_of(summary: Summary, wanted: Callable[[TaskType], bool]) -> list[str]:
    """Names of the tasks whose type is wanted, in the suite's order."""
    return [name for name, task in summary.tasks.items() if wanted(TASK_TYPES[task.type])]


def quality_tasks(summary: Summary) -> list[str]:
    """Tasks that grade answers."""
    return tasks_of(summary, lambda of: of.graded)


def timed_tasks(summary: Summary) -> list[str]:
    """Tasks that time forward passes."""
    return tasks_of(summary, lambda of: of.times == "passes")


def load_tasks(summary: Summary) -> list[str]:
    """Tasks that put servers under load."""
    return tasks_of(summary, lambda of: of.times == "requests")


def free_text_tasks(summary: Summary) -> list[str]:
    """Tasks whose texts are read rather than graded."""
    return tasks_of(summary, lambda of: of.free_text)


def reference_tasks(summary: Summary) -> list[str]:
    """Tasks that hold models against a reference model."""
    return tasks_of(summary, lambda of: of.has_reference)


def cell_of(summary: Summary, model: str, task: str) -> Cell | None:
    """The cell of a model and a task, if it was planned."""
    return summary.cell(model, task)


def value_of(summary: Summary, model: str, task: str, name: str) -> Value | None:
    """A figure, or None where the cell failed, was not asked, or lacks the metric."""
    cell = cell_of(summary, model, task)
    found = cell.metrics.get(name) if cell is not None and cell.status == "ok" else None
    return found if found is not None and _is_number(found.value) else None


def details_of(summary: Summary, task: str, key: str, kind: type[Details]) -> dict[str, Details]:
    """The details of each model that answered; none of those that an older version wrote."""
    found = {model: detail_of(cell_of(summary, model, task), key, kind) for model in summary.models}
    return {model: details for model, details in found.items() if details is not None}


def detail_of(cell: Cell | None, key: str, kind: type[Details]) -> Details | None:
    """The details of a cell that answered; None where an older version wrote others."""
    if cell is not None and cell.status == "ok" and key in cell.details:
        with suppress(ValidationError):
            return kind.model_validate(cell.details[key])
    return None


def overlap(one: Value, other: Value) -> bool | None:
    """Whether two intervals meet; None where either is missing."""
    if None in (one.low, one.high, other.low, other.high):
        return None
    low, high = max(known(one.low, other.low)), min(known(one.high, other.high))
    return low <= high


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def decimals(of: MetricDescriptor) -> int:
    """How many decimals a figure of the metric has at least."""
    found = re.search(r"\.(\d+)f$", of.format)
    return int(found.group(1)) if found else 3


def number(of: MetricDescriptor, value: float, among: list[float], signed: bool = False) -> str:
    """One figure of a metric in its unit, with the digits that it and its companions need."""
    value, among = of.factor * value, [of.factor * other for other in among]
    if of.unit == "bytes":
        return (MINUS if value < 0 else "+" if signed else "") + byte_size(abs(value))
    if 0 < max((abs(v) for v in among), default=0.0) < _UNREADABLY_SMALL:
        return scientific(value, signed)
    least = decimals(of)
    if of.unit in ("nats", "ms", "µs"):
        least = decimals_of_magnitude(among)
    if of.unit.endswith("/s"):
        least = min(least, decimals_of_magnitude(among))
    return fixed(value, decimals_for(among, least), signed)


def rounded_up(of: MetricDescriptor, value: float) -> str:
    """A figure that must not be said to be smaller than it is."""
    return number(of, value + _half_a_digit(of, value), [value])


def rounded_down(of: MetricDescriptor, value: float) -> str:
    """A figure above zero that must not be said to be larger than it is."""
    return number(of, max(0.0, value - _half_a_digit(of, value)), [value])


def _half_a_digit(of: MetricDescriptor, value: float) -> float:
    """A little less than half of the last digit that is printed of a figure, in the metric's own unit."""
    fraction = number(of, value, [value]).partition(".")[2]
    return 0.5 * 10 ** -len(fraction) / of.factor * (1 - 1e-9) if fraction.isdigit() else 0.0


def figure(of: MetricDescriptor, value: Value | None) -> Datum:
    """A value and its interval as a field of a table."""
    if value is None or value.value is None or not _is_number(value.value):
        return NOT_KNOWN
    n = f"n = {count(value.n)}" if value.n is not None else ""
    shown = with_interval(of, value.value, value.low, value.high, sure=value.approximate is None)
    return replace(shown, detail=" ".join(filter(None, (shown.detail, n))))


def with_interval(
    of: MetricDescriptor,
    value: float,
    low: float | None,
    high: float | None,
    signed: bool = False,
    sure: bool = True,
) -> Datum:
    """A number and the ends of its interval, where both are known, with as many digits each."""
    among, ends = known(value, low, high), known(low, high)
    interval = ", ".join(number(of, end, among, signed) for end in ends)
    sign = "" if sure else APPROXIMATE
    return Datum(number(of, value, among, signed), f"{sign}[{interval}]" if len(ends) == 2 else "")


def words(of: MetricDescriptor, value: Value | None, unit: bool = True) -> str:
    """A value, its unit and its interval in a sentence."""
    shown = figure(of, value)
    named = unit and of.unit not in {"", "bytes"} and shown.tone != "missing"
    suffix = ("%" if of.unit == "%" else f" {of.unit}") if named else ""
    return f"{shown.text}{suffix}{' ' + shown.detail if shown.detail else ''}"


def difference(of: MetricDescriptor, row: Comparison) -> Datum:
    """A paired difference and its interval, both signed."""
    if row.delta is None:
        return NOT_KNOWN
    sure = row.approximate is None
    return with_interval(of, row.delta, row.low, row.high, signed=True, sure=sure)


def column(of: MetricDescriptor) -> Column:
    """A heading: the metric, its unit and direction."""
    return Column(of.label, f"{_unit(of)} {arrow(of)}".strip(), of=of.name, term=of.name)


def task_column(of: MetricDescriptor, task: str, n: int | None) -> Column:
    """A heading among several tasks: it also names the task, n, and the kind of figure."""
    kind = ", ".join(filter(None, (of.measures, _unit(of))))
    parts = (f"n = {n}" if n else "", f"{kind} {arrow(of)}".strip())
    return Column(f"{task}: {label(of)}", " · ".join(filter(None, parts)), of=of.name, term=of.name)


def _unit(of: MetricDescriptor) -> str:
    """The unit, where figures of the metric are not written with it."""
    return "" if of.unit == "bytes" else of.unit


def subject(of: MetricDescriptor, row: Comparison) -> str:
    """What is compared, in a field of a table: task, metric, unit and direction."""
    unit = f" ({_unit(of)})" if _unit(of) else ""
    return f"{row.task}: {label(of)}{unit} {arrow(of)}".strip()


def floor_label(name: str) -> str:
    """What a floor is called."""
    return FLOOR_LABELS.get(name, name)
