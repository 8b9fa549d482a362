"""Why an interval is marked as approximate, in words beneath the table in which it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from harness.analysis.bootstrapped import FEW_DOCUMENTS
from harness.analysis.intervals import FEW_ROUNDS
from harness.analysis.metrics import FEW_OF_A_LABEL
from harness.analysis.percentiles import FEW_FREE
from harness.records import Approximate, Summary, Value
from harness.reporting.blocks import Line, Name, joined
from harness.reporting.format import percent_level
from harness.reporting.measures import APPROXIMATE, cell_of

SHOWN = 8
"""Labels that are named."""
REASONS: Mapping[Approximate, str] = {
    "few": f"it is resampled from fewer than {FEW_DOCUMENTS} examples",
    "uneven": "a handful of examples makes most of the spread",
    "alike": "all that was seen is alike, which says nothing of what was not",
    "rare-labels": f"a label has fewer than {FEW_OF_A_LABEL} examples",
    "repeated": "the same prompts stand in the data several times, which answers alike each time",
    "rounds": f"it is over fewer than {FEW_ROUNDS} rounds or seeds, and exact only where these are "
    "normal: a single outlier undoes it",
    "queued": f"it is of requests that wait for one another, and says as much as fewer than {FEW_FREE} "
    "independent ones would",
}


def approximate_notes(summary: Summary, found: Iterable[Approximate | None]) -> list[Line]:
    """What the sign means, and which reasons there are; nothing where no interval bears it."""
    present = set(found)
    reasons = [words for reason, words in REASONS.items() if reason in present]
    if not reasons:
        return []
    level = percent_level(summary.confidence)
    return [
        (
            f"{APPROXIMATE}: an approximate interval, which may hold the true value less often than "
            f"in {level} of cases: {'; or '.join(reasons)}.",
        )
    ]


def values_of(summary: Summary, task: str, metrics: Iterable[str]) -> list[Value]:
    """All values of some metrics of a task, floors included."""
    cells = [cell.metrics for cell in summary.cells_of(task)]
    wanted = list(metrics)
    of_all = [*cells, *summary.tasks[task].floors.values()]
    return [values[metric] for values in of_all for metric in wanted if metric in values]


def rare_label_notes(summary: Summary, task: str) -> list[Line]:
    """The labels of a classification that have few examples or none, by name."""
    due = _due(summary, task)
    absent: list[Line] = [(Name(label),) for label, n in due.items() if n == 0]
    few: list[Line] = [
        (Name(label), f" ({n})") for label, n in due.items() if 0 < n < FEW_OF_A_LABEL
    ]
    notes: list[Line] = []
    if absent:
        said = ", of which nothing can be known: macro F1 is the mean over the other labels."
        notes.append((Name(task), " has no example of ", *_some(absent), said))
    if few:
        said = ": macro F1 counts them as much as any label, so that single answers move it far."
        notes.append((Name(task), " has few examples of ", *_some(few), said))
    return notes


def _due(summary: Summary, task: str) -> dict[str, int]:
    """How many examples each label has, by what any model was asked."""
    for model in summary.models:
        cell = cell_of(summary, model, task)
        details = cell.details.get("confusion") if cell is not None else None
        if details:
            rows = zip(details["labels"], details["matrix"], strict=True)
            return {str(label): sum(row) for label, row in rows}
    return {}


def _some(labels: Sequence[Line]) -> Line:
    more: list[Line] = [(f"{len(labels) - SHOWN} more",)] if len(labels) > SHOWN else []
    return joined([*labels[:SHOWN], *more], ", ")
