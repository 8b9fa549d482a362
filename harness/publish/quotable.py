"""Texts of data sets that are published: those of tasks whose licence allows it, by the report's own rule."""

from __future__ import annotations

from harness.records import WORDING, Cell, Summary
from harness.records.licences import Quoting, quoting, unquoted
from harness.suite.schema import TASK_TYPES


def licences(summary: Summary) -> dict[str, Quoting]:
    """What may be passed on of each task that asks something."""
    return {
        name: quoting(summary, name, published=True)
        for name, task in summary.tasks.items()
        if TASK_TYPES[task.type].asked
    }


def quotable(summary: Summary) -> Summary:
    """The summary without texts that may not be passed on; ids, labels and figures stay."""
    kept = {name for name, of in licences(summary).items() if of.amount == "all"}
    cells = [cell if cell.task in kept else _without_texts(cell) for cell in summary.cells]
    bare = unquoted(summary, set(summary.tasks) - kept)
    return bare.model_copy(update={"cells": cells})


def left_out(summary: Summary) -> list[str]:
    """Which tasks' texts are left out, and why."""
    return [
        f"examples of {task} are left out (licence: {of.licence}): {of.reason.rstrip('.')}"
        for task, of in licences(summary).items()
        if of.amount != "all"
    ]


def _without_texts(cell: Cell) -> Cell:
    details = {key: of for key, of in cell.details.items() if key != "written"}
    if WORDING in details:
        details[WORDING] = {**details[WORDING], "shown": ""}
    return cell.model_copy(update={"details": details})
