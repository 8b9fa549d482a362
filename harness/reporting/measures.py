"""Figures of a metric as a reader meets them: its label, its direction, its digits, its unit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from types import MappingProxyType
from typing import Concatenate, ParamSpec, TypeVar

from harness.metrics.metric import Metric
from harness.metrics.registry import METRICS, own_metric
from harness.quantities import byte_size
from harness.records import Cell, Comparison, Measures, Summary, TaskSummary, Value
from harness.reporting.blocks import Column, Datum
from harness.reporting.format import (
    DASH,
    MINUS,
    count,
    decimals_for,
    decimals_of_magnitude,
    fixed,
    known,
    scientific,
)
from harness.suite.schema import TASK_TYPES, TaskType

FLOOR_LABELS = {
    "majority": "majority vote",
    "tfidf": "TF-IDF + logistic regression",
    "lead": "first sentences",
    "16-bit": "16-bit rounding",
}
KINDS: dict[Measures, str] = {
    "quality": "quality",
    "change": "how much changed, not in which direction",
    "cost": "cost",
}
"""What kind of figure a reader is looking at; of change: arXiv 2606.19558."""
_DIRECTIONS = {True: "↑", False: "↓", None: ""}
_UNREADABLY_SMALL = 1e-4


_OWN: ContextVar[Mapping[str, Metric]] = ContextVar("own metrics", default=MappingProxyType({}))
"""The metrics that the suite names whose results are being shown."""
Params = ParamSpec("Params")
Shown = TypeVar("Shown")


@contextmanager
def knowing(*summaries: Summary) -> Iterator[None]:
    """Within this, the metrics that these results' suites name are known as all others are."""
    found = {
        name: own_metric(name, of)
        for summary in summaries
        for task in summary.tasks.values()
        for name, of in task.metrics.items()
    }
    token = _OWN.set(found)
    try:
        yield
    finally:
        _OWN.reset(token)


def knows_own_metrics(
    show: Callable[Concatenate[Summary, Params], Shown],
) -> Callable[Concatenate[Summary, Params], Shown]:
    """A decorator for functions that show a summary as a whole."""

    @wraps(show)
    def shown(summary: Summary, /, *args: Params.args, **kwargs: Params.kwargs) -> Shown:
        with knowing(summary):
            return show(summary, *args, **kwargs)

    return shown


def metric(name: str) -> Metric:
    """What is known of a metric; one that nobody describes is called by its name."""
    explanation = "A metric that the suite names; the harness does not know more about it."
    return (
        METRICS.get(name)
        or _OWN.get().get(name)
        or Metric(name=name, label=name, kind="mean", explanation=explanation)
    )


def label(name: str) -> str:
    """The metric's label in the middle of a sentence: "accuracy", "ROUGE-L", "mean KL …"."""
    text = metric(name).label
    first = text.split(" ")[0]
    return text if first.upper() == first or "-" in first else text[0].lower() + text[1:]


def measures(name: str) -> Measures:
    """Whether a metric is about quality, about how much changed, or about cost."""
    return metric(name).measures


def higher_is_better(name: str) -> bool | None:
    """The metric's better direction; None where it has none, as no measure of change has."""
    return None if measures(name) == "change" else metric(name).higher_is_better


def arrow(name: str) -> str:
    """↑ where higher is better, ↓ where lower is."""
    return _DIRECTIONS[higher_is_better(name)]


def headline(task: TaskSummary) -> str:
    """The metric that a task is first judged by."""
    return TASK_TYPES[task.type].headline


def task_metrics(summary: Summary, task: str) -> list[str]:
    """The metrics that any cell or floor of a task has: the known ones in their order first."""
    of_task = summary.tasks[task]
    present = [m for c in summary.cells if c.task == task for m in c.metrics]
    present += [m for floor in of_task.floors.values() for m in floor]
    first = [m for m in (*TASK_TYPES[of_task.type].metrics, *of_task.metrics) if m in present]
    return [*first, *sorted({m for m in present if m not in first})]


def tasks_of(summary: Summary, wanted: Callable[[TaskType], bool]) -> list[str]:
    """Names of the tasks whose type is wanted, in the suite's order."""
    return [name for name, task in summary.tasks.items() if wanted(TASK_TYPES[task.type])]


def quality_tasks(summary: Summary) -> list[str]:
    """Tasks that grade answers."""
    return tasks_of(summary, lambda of: of.graded)


def timed_tasks(summary: Summary) -> list[str]:
    """Tasks that measure time."""
    return tasks_of(summary, lambda of: of.timed)


def free_text_tasks(summary: Summary) -> list[str]:
    """Tasks whose texts are read rather than graded."""
    return tasks_of(summary, lambda of: of.free_text)


def reference_tasks(summary: Summary) -> list[str]:
    """Tasks that hold models against a reference model."""
    return tasks_of(summary, lambda of: of.has_reference)


def cell_of(summary: Summary, model: str, task: str) -> Cell | None:
    """The cell of a model and a task, if it was planned."""
    return next((c for c in summary.cells if c.model == model and c.task == task), None)


def value_of(summary: Summary, model: str, task: str, name: str) -> Value | None:
    """A figure, or None where the cell failed, was not asked, or lacks the metric."""
    cell = cell_of(summary, model, task)
    found = cell.metrics.get(name) if cell is not None and cell.status == "ok" else None
    return found if found is not None and _is_number(found.value) else None


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _least_decimals(of: Metric) -> int:
    found = re.search(r"\.(\d+)f$", of.format)
    return int(found.group(1)) if found else 3


def number(name: str, value: float, among: list[float], signed: bool = False) -> str:
    """One figure of a metric in its unit, with the digits that it and its companions need."""
    of = metric(name)
    value, among = of.factor * value, [of.factor * other for other in among]
    if of.unit == "bytes":
        return (MINUS if value < 0 else "+" if signed else "") + byte_size(abs(value))
    if 0 < max((abs(v) for v in among), default=0.0) < _UNREADABLY_SMALL:
        return scientific(value, signed)
    least = _least_decimals(of)
    if of.unit in ("nats", "ms", "µs"):
        least = decimals_of_magnitude(among)
    if of.unit.endswith("/s"):
        least = min(least, decimals_of_magnitude(among))
    return fixed(value, decimals_for(among, least), signed)


def rounded_up(name: str, value: float) -> str:
    """A figure that must not be said to be smaller than it is."""
    text = number(name, value, [value])
    fraction = text.partition(".")[2]
    if not fraction.isdigit():
        return text
    half = 0.5 * 10 ** -len(fraction) / metric(name).factor
    return number(name, value + half * (1 - 1e-9), [value])


def figure(name: str, value: Value | None) -> Datum:
    """A value and its interval as a field of a table."""
    if value is None or value.value is None or not _is_number(value.value):
        return Datum(DASH, tone="missing")
    among = known(value.value, value.low, value.high)
    ends = ""
    if value.low is not None and value.high is not None:
        low, high = (number(name, end, among) for end in (value.low, value.high))
        ends = f"[{low}, {high}]"
    n = f"n = {count(value.n)}" if value.n is not None else ""
    return Datum(number(name, value.value, among), " ".join(filter(None, (ends, n))))


def words(name: str, value: Value | None, unit: bool = True) -> str:
    """A value, its unit and its interval in a sentence."""
    shown = figure(name, value)
    of = metric(name).unit
    suffix = f" {of}" if unit and of not in {"", "bytes"} and shown.tone != "missing" else ""
    return f"{shown.text}{suffix}{' ' + shown.detail if shown.detail else ''}"


def difference(row: Comparison) -> Datum:
    """A paired difference and its interval, both signed."""
    if row.delta is None:
        return Datum(DASH, tone="missing")
    among = known(row.delta, row.low, row.high)
    shown = [number(row.metric, end, among, signed=True) for end in known(row.low, row.high)]
    return Datum(
        number(row.metric, row.delta, among, signed=True),
        f"[{', '.join(shown)}]" if len(shown) == 2 else "",
    )


def column(name: str) -> Column:
    """A heading: the metric, its unit and direction."""
    return Column(metric(name).label, _unit_and_arrow(name))


def task_column(name: str, task: str, n: int | None) -> Column:
    """A heading among several tasks: it also names the task, n, and the kind of figure."""
    of = ", ".join(filter(None, (measures(name), _unit(name))))
    parts = (f"n = {n}" if n else "", f"{of} {arrow(name)}".strip())
    return Column(f"{task}: {label(name)}", " · ".join(filter(None, parts)))


def _unit_and_arrow(name: str) -> str:
    return f"{_unit(name)} {arrow(name)}".strip()


def _unit(name: str) -> str:
    """The unit, where figures of the metric are not written with it."""
    unit = metric(name).unit
    return "" if unit == "bytes" else unit


def subject(row: Comparison) -> str:
    """What is compared, in a field of a table: task, metric, unit and direction."""
    unit = f" ({_unit(row.metric)})" if _unit(row.metric) else ""
    return f"{row.task}: {label(row.metric)}{unit} {arrow(row.metric)}".strip()


def floor_label(name: str) -> str:
    """What a floor is called."""
    return FLOOR_LABELS.get(name, name)
