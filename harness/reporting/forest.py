"""Forest plots: paired differences with their intervals, a panel a metric and a row a candidate."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from harness.records import Comparison, Summary
from harness.reporting.blocks import Chart
from harness.reporting.charts import Mark, Row, Rows, Side, rows
from harness.reporting.differences import ratio
from harness.reporting.format import clip
from harness.reporting.linked import NOWHERE, Linked
from harness.reporting.measures import arrow, higher_is_better, label
from harness.reporting.outcomes import Conclusion, JudgedDifference

TITLE_LENGTH = 40
PERCENTILE = re.compile(r", (\d+)th percentile")
"""Clipped in the middle, the 90th and the 99th would read alike; p90 and p99 have room."""
MARKS: dict[Conclusion, Mark] = {
    Conclusion.BETTER: "better",
    Conclusion.WORSE: "worse",
    Conclusion.CHANGED: "plain",
}
Margins = Mapping[tuple[str, str, str, str], float]


def margins(summary: Summary) -> Margins:
    """How much a gate allows to be lost, by task, metric, baseline and candidate."""
    return {
        (gate.task, gate.metric, gate.baseline, gate.candidate): gate.limit
        for gate in summary.gates
        if gate.baseline
        and gate.limit
        and not summary.tasks[gate.task].metric(gate.metric).is_timing
    }


def forests(
    summary: Summary, stem: str, found: Sequence[JudgedDifference], linked: Linked = NOWHERE
) -> tuple[Chart, ...]:
    """A chart for each metric of each task.

    Args:
        summary: of the suite.
        stem: what the charts' files begin with.
        found: differences; those without a figure are left out.
        linked: what a row's name may lead to.
    """
    allowed = margins(summary)
    panels: dict[tuple[str, str], list[JudgedDifference]] = {}
    for one in found:
        if one.row.delta is not None:
            panels.setdefault((one.row.task, one.row.metric), []).append(one)
    several = len({one.row.baseline for one in found}) > 1
    made = []
    for index, ((task, _), of) in enumerate(panels.items(), start=1):
        metric = of[0].of
        timed = all(one.row.ratio is not None for one in of)
        unit = "pp" if metric.unit == "%" else metric.unit
        about = ", times as fast" if timed else f" ({unit})" if unit else ""
        measure = PERCENTILE.sub(r" p\1", label(metric))
        title = f"{clip(f'{task}: {measure}', TITLE_LENGTH - len(about))}{about}"
        svg = rows(
            Rows(
                title,
                tuple(_row(one, allowed, timed, several, linked.pair(one.row)) for one in of),
                1.0 if timed else 0.0,
                _better(of[0], timed),
                timed,
            )
        )
        if svg is not None:
            description = (
                f"Forest plot of {title} {arrow(metric)}: the paired difference of each "
                "candidate from its baseline, with its interval. The table holds the same figures."
            )
            made.append(Chart(f"{stem}-{index}", "", description, svg))
    return tuple(made)


def _better(one: JudgedDifference, timed: bool) -> Side:
    if timed:
        return "right"
    upwards = higher_is_better(one.of)
    return "" if upwards is None else "right" if upwards else "left"


def _row(one: JudgedDifference, allowed: Margins, timed: bool, several: bool, href: str) -> Row:
    row, factor = one.row, one.of.factor
    name = f"{row.candidate} against {row.baseline}" if several else row.candidate
    mark = MARKS.get(one.outcome, "open")
    if timed:
        shown = ratio(row)
        ends = (row.ratio or 1.0, row.ratio_low, row.ratio_high)
    else:
        shown = one.difference
        delta, low, high = (
            None if v is None else factor * v for v in (row.delta, row.low, row.high)
        )
        ends = (delta or 0.0, low, high)
    said = f"{shown.text} {shown.detail}".strip()
    margin = _margin(one, allowed)
    return Row(name, said, *ends, mark=mark, margin=margin, href=href)


def _margin(one: JudgedDifference, allowed: Margins) -> tuple[float, float] | None:
    row: Comparison = one.row
    limit = allowed.get((row.task, row.metric, row.baseline, row.candidate))
    if limit is None:
        return None
    worst = -limit if higher_is_better(one.of) else limit
    return (one.of.factor * worst, 0.0)
