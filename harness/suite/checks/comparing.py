"""Mistakes in comparisons and gates: names and metrics that are not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.nearest import nearest
from harness.suite.checks.found import Found, KeyPath, check_named
from harness.suite.checks.metrics import metric_names
from harness.suite.known import Known
from harness.suite.schema import (
    CompareSpec,
    GateSpec,
    SuiteSpec,
    TaskSpec,
    type_of,
)


def check_compare(
    name: str, compare: CompareSpec, names: Mapping[str, frozenset[str]]
) -> Iterator[Found]:
    at: KeyPath = ("compare", name)
    named: list[tuple[KeyPath, str, str]] = [((*at, "baseline"), compare.baseline, "models")]
    named += [((*at, "candidates", i), m, "models") for i, m in enumerate(compare.candidates)]
    named += [((*at, "tasks", i), t, "tasks") for i, t in enumerate(compare.tasks or ())]
    for path, value, section in named:
        yield from check_named(path, section.removesuffix("s"), value, names[section])
    if compare.baseline in compare.candidates:
        index = compare.candidates.index(compare.baseline)
        yield (*at, "candidates", index), "the baseline is compared with itself", "Leave it out."


def check_gate(
    index: int,
    gate: GateSpec,
    spec: SuiteSpec,
    names: Mapping[str, frozenset[str]],
    known: Known,
) -> Iterator[Found]:
    at: KeyPath = ("gates", index)
    compare, task = spec.compare.get(gate.compare or ""), spec.tasks.get(gate.task)
    for position, model in enumerate(gate.models or ()):
        yield from check_named((*at, "models", position), "model", model, names["models"])
    if gate.compare is not None and gate.compare not in names["compare"]:
        hint = nearest(gate.compare, names["compare"])
        yield (*at, "compare"), f"there is no comparison `{gate.compare}`", hint
    elif compare is not None:
        for position, model in enumerate(gate.candidates or ()):
            if model not in compare.candidates:
                message = f"`{model}` is no candidate of `{gate.compare}`"
                yield (*at, "candidates", position), message, nearest(model, compare.candidates)
        if compare.tasks is not None and gate.task not in compare.tasks:
            message = f"`{gate.compare}` does not compare `{gate.task}`"
            yield (*at, "task"), message, nearest(gate.task, compare.tasks)
    if gate.task not in names["tasks"]:
        yield (*at, "task"), f"there is no task `{gate.task}`", nearest(gate.task, names["tasks"])
    elif task is not None and gate.metric not in _metrics_of(task):
        message = f"a `{task.type}` task has no metric `{gate.metric}`"
        hint = nearest(gate.metric, _metrics_of(task))
        if gate.metric in type_of(task).extra_metrics:
            message = f"`{gate.task}` does not ask for the metric `{gate.metric}`"
            hint = f"Write `metrics: [{gate.metric}]` in the task."
        yield (*at, "metric"), message, hint
    elif task is not None and gate.max_slowdown is not None and gate.metric not in known.timings:
        message = f"`max_slowdown` is for timings, and `{gate.metric}` is none"
        yield (*at, "metric"), message, "For other metrics there is `max_drop`."
    if task is not None:
        yield from _unasked(at, gate, compare, task)


def _unasked(
    at: KeyPath, gate: GateSpec, compare: CompareSpec | None, task: TaskSpec
) -> Iterator[Found]:
    """Models that a gate is about, and that its task leaves out."""
    if compare is None:
        judged = gate.models or ()
    else:
        judged = [compare.baseline, *(gate.candidates or compare.candidates)]
    for model in judged:
        if not task.asks(model):
            message = f"`{model}` is not among the `models` of `{gate.task}`"
            yield (*at, "task"), message, "Add it there, or leave it out here."


def _metrics_of(task: TaskSpec) -> tuple[str, ...]:
    """All metrics of a task: those of its type, and those that it names."""
    return (*type_of(task).metrics, *metric_names(task))
