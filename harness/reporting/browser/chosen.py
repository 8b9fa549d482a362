"""Which examples a page holds: what was asked for, else what the data set's licence allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.records import CellSamples, Summary
from harness.records.licences import Amount, quoting, unquoted
from harness.reporting.browser.columns import document_figure
from harness.reporting.browser.kinds import Kind, kind_of
from harness.reporting.measures import headline

MOST_CHANGED = 100
"""Examples of a task in which nothing is simply right or wrong, where only changed ones are wanted:
those that changed most."""
Row = Mapping[str, Any]


def amount_of(summary: Summary, task: str, wanted: Amount | None) -> Amount:
    """How much of a task's examples is put in."""
    return wanted or quoting(summary, task).amount


def quoted(summary: Summary, wanted: Amount | None) -> Summary:
    """The summary without the examples of tasks of which none is put in."""
    without = {task for task in summary.tasks if amount_of(summary, task, wanted) == "none"}
    return unquoted(summary, without)


def all_ids(cells: Mapping[str, CellSamples]) -> list[str]:
    """The examples that any model was asked, in the order in which they were."""
    places: dict[str, int] = {}
    for cell in cells.values():
        for row in cell.rows:
            places.setdefault(row["id"], row["index"])
    return sorted(places, key=places.__getitem__)


def changed_ids(summary: Summary, task: str, cells: Mapping[str, CellSamples]) -> list[str]:
    """The examples on which a candidate is unlike its baseline: of those that are right or wrong all
    that were answered otherwise, else those whose scores are furthest apart."""
    of, kind = summary.tasks[task], kind_of(summary.tasks[task])
    rows = {model: {row["id"]: row for row in cell.rows} for model, cell in cells.items()}
    moved: dict[str, float] = {}
    for a, b in pairs(summary, task, list(cells)):
        for id, before in rows[a].items():
            after = rows[b].get(id)
            if after is not None and (change := _change(kind, headline(of).name, before, after)):
                moved[id] = max(moved.get(id, 0.0), change)
    if kind != "right":
        largest = sorted(moved, key=lambda id: -moved[id])[:MOST_CHANGED]
        moved = {id: moved[id] for id in largest}
    return [id for id in all_ids(cells) if id in moved]


def pairs(summary: Summary, task: str, models: Sequence[str]) -> list[tuple[str, str]]:
    """Baseline and candidate of each comparison in which both answered; without any, the first model
    and each other one."""
    compared = dict.fromkeys(
        (row.baseline, row.candidate)
        for row in summary.comparisons
        if row.task == task and row.baseline in models and row.candidate in models
    )
    return list(compared) or [(models[0], other) for other in models[1:]]


def _change(kind: Kind, metric: str, before: Row, after: Row) -> float:
    """How far apart two answers are; 0 where they are alike."""
    if kind == "distance":
        then, now = (document_figure(metric, row["data"]) or 0.0 for row in (before, after))
        return abs(now - then)
    texts = [(row["answer"], row["data"].get("text")) for row in (before, after)]
    if texts[0] == texts[1]:
        return 0.0
    scores = [float(row["scores"].get(metric) or 0.0) for row in (before, after)]
    return 1e-9 + abs(scores[1] - scores[0])
