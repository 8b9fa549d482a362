"""What each fine-tuning gained and lost, as facts: on what it learned, on what it did not, and in general."""

from __future__ import annotations

from dataclasses import dataclass

from harness.records import Forgetting, Summary
from harness.reporting.outcomes import Conclusion, JudgedDifference, judge


@dataclass(frozen=True)
class Balance:
    """A fine-tuning, and what may be said of each figure, before and after.

    Attributes:
        learned: on tasks whose data it learned.
        untouched: on other tasks of the suite; on all of them where what it learned is not known.
        general: on what is built in.
    """

    of: Forgetting
    learned: tuple[JudgedDifference, ...]
    untouched: tuple[JudgedDifference, ...]
    general: tuple[JudgedDifference, ...]

    @property
    def beside(self) -> tuple[JudgedDifference, ...]:
        """All that it did not learn, as far as that is known."""
        return (*self.untouched, *self.general)

    @property
    def lost(self) -> tuple[JudgedDifference, ...]:
        """Of that, what it does worse than before."""
        return tuple(one for one in self.beside if one.outcome is Conclusion.WORSE)


def balances(summary: Summary) -> list[Balance]:
    """Each fine-tuning with its differences, judged as all others are."""
    found = []
    for of in summary.forgetting:
        rows = judge(summary, of.rows)
        added = {task for task, told in summary.tasks.items() if told.added}
        found.append(
            Balance(
                of,
                tuple(one for one in rows if one.row.task in of.learned),
                tuple(one for one in rows if one.row.task not in {*of.learned, *added}),
                tuple(one for one in rows if one.row.task in added),
            )
        )
    return found


def without_added(summary: Summary) -> Summary:
    """The summary without the tasks that the suite does not name, for what is about its own."""
    tasks = {task: of for task, of in summary.tasks.items() if not of.added}
    if len(tasks) == len(summary.tasks):
        return summary
    cells = [cell for cell in summary.cells if cell.task in tasks]
    return summary.model_copy(update={"tasks": tasks, "cells": cells})
