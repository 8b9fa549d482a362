"""The models that no other model beats in size and in quality at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.records import Summary
from harness.reporting.answer.record import Pareto
from harness.reporting.kinds import without_replicas
from harness.reporting.measures import (
    headline,
    higher_is_better,
    quality_tasks,
    timed_tasks,
    value_of,
)


def pareto(summary: Summary) -> Pareto:
    """By size and the first metric of every graded task; where none grades, by size and speed.

    A model that lacks any of these figures is not on the line.
    """
    main = without_replicas(summary)
    tasks = quality_tasks(main) or timed_tasks(main)
    measures = tuple((task, headline(main.tasks[task]).name) for task in tasks)
    points = {model: point for model in main.models if (point := _point(main, model, measures))}
    return Pareto(measures, frontier(points) if measures else ())


def frontier(points: Mapping[str, Sequence[float]]) -> tuple[str, ...]:
    """The names whose points no other point beats; of each coordinate less is better."""
    return tuple(
        name
        for name, point in points.items()
        if not any(_beats(other, point) for other in points.values())
    )


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    pairs = list(zip(one, other, strict=True))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def _point(
    summary: Summary, model: str, measures: Sequence[tuple[str, str]]
) -> tuple[float, ...] | None:
    size = summary.models[model].bytes
    found = [float(size)] if size else []
    for task, metric in measures:
        value = value_of(summary, model, task, metric)
        if value is not None and value.value is not None:
            upwards = higher_is_better(summary.tasks[task].metric(metric)) is not False
            found.append(-value.value if upwards else value.value)
    return tuple(found) if len(found) == len(measures) + 1 else None
