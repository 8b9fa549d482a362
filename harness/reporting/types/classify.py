"""Which labels each model mistakes for which."""

from __future__ import annotations

from harness.records import Summary
from harness.reporting.blocks import Block, Confusion, Prose
from harness.reporting.measures import cell_of


def confusion_blocks(summary: Summary) -> list[Block]:
    """Which labels each model mistakes for which."""
    found = [c for t in summary.tasks for c in _confusions(summary, t)]
    if not found:
        return []
    said = (
        "Rows are right labels, columns the model's; the diagonal is right. Answers in which no "
        "label could be found stand in the last column."
    )
    return [Prose((said,)), *found]


def _confusions(summary: Summary, task: str) -> list[Confusion]:
    """The confusion matrix of each model that classified."""
    found: list[Confusion] = []
    for model in summary.models:
        cell = cell_of(summary, model, task)
        details = cell.details.get("confusion") if cell is not None else None
        if details:
            labels = tuple(str(of) for of in details["labels"])
            counts = tuple(tuple(int(v) for v in row) for row in details["matrix"])
            found.append(Confusion(f"{model} on {task}", labels, counts, task, model))
    return found
