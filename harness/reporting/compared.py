"""The differences of a summary that mean something: the suite's own, and what a divergence adds.

A divergence measures each model against its reference on the same documents, so that its perplexity
ratio is a paired difference already, whether the reference was asked itself or not.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.analysis.intervals import normal_quantile
from harness.analysis.significance import holm
from harness.metrics.divergence import PERPLEXITY_RATIO
from harness.records import Comparison, Summary, Value
from harness.reporting.measures import metric_of, reference_tasks, value_of


def compared(summary: Summary) -> list[Comparison]:
    """Every difference that can be read, in the order of the summary.

    Left out are costs that were not measured for both models, and how much a model changed from
    a reference that is not its baseline: two such distances are no distance between the two.
    """
    made = _against_references(summary)
    known = {_place(row) for row in made}
    own = [row for row in summary.comparisons if _place(row) not in known]
    return [row for row in (*own, *made) if _is_readable(summary, row)]


def _place(row: Comparison) -> tuple[str, ...]:
    return (row.name, row.task, row.metric, row.baseline, row.candidate)


def _is_readable(summary: Summary, row: Comparison) -> bool:
    match metric_of(summary, row).measures:
        case "cost":
            return row.delta is not None
        case "change":
            reference = summary.tasks[row.task].reference
            return reference is None or reference == row.baseline
    return True


def _against_references(summary: Summary) -> list[Comparison]:
    """The perplexity ratios that no comparison of the suite holds."""
    known = {_place(row)[1:] for row in summary.comparisons if row.delta is not None}
    pairs = dict.fromkeys((row.name, row.baseline, row.candidate) for row in summary.comparisons)
    by_name: dict[tuple[str, str], list[Comparison]] = {}
    for name, baseline, candidate in pairs:
        for task, value in _ratios(summary, baseline, candidate):
            row = _ratio(summary, (name, task, baseline, candidate), value)
            if _place(row)[1:] not in known:
                by_name.setdefault((name, task), []).append(row)
    return [
        row.model_copy(update={"p_adjusted": adjusted})
        for rows in by_name.values()
        for row, adjusted in zip(rows, holm([row.p for row in rows]), strict=True)
    ]


def _ratios(summary: Summary, baseline: str, candidate: str) -> Iterator[tuple[str, Value]]:
    for task in reference_tasks(summary):
        value = value_of(summary, candidate, task, PERPLEXITY_RATIO.name)
        if summary.tasks[task].reference == baseline and value is not None and value.value:
            yield task, value


def _ratio(summary: Summary, of: tuple[str, str, str, str], value: Value) -> Comparison:
    name, task, baseline, candidate = of
    ratio = value.value or 1.0
    low, high = (None if end is None else end - 1 for end in (value.low, value.high))
    cells = (cell.n for cell in summary.cells_of(task) if cell.model == candidate)
    return Comparison(
        name=name,
        task=task,
        metric=PERPLEXITY_RATIO.name,
        baseline=baseline,
        candidate=candidate,
        baseline_value=1.0,
        candidate_value=ratio,
        delta=ratio - 1,
        low=low,
        high=high,
        p=_chance(value, summary.confidence),
        n=value.n or next(cells),
        approximate=value.approximate,
    )


def _chance(value: Value, confidence: float) -> float | None:
    """The p-value of a ratio of 1 that belongs to its interval, on the ratio's logarithm."""
    if not value.value or not value.low or not value.high or value.low == value.high:
        return None
    width = math.log(value.high / value.low) / 2
    deviations = abs(math.log(value.value)) * normal_quantile((1 + confidence) / 2) / width
    return math.erfc(deviations / math.sqrt(2))
