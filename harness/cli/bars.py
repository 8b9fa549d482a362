"""The bars of a run, with as many columns as a terminal has room for."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column, Table

NAMED = 24
"""Columns of the terminal that a step's name has at least, where it is that long."""
BAR = 24


class Bars(Progress):
    """A line a step: its name, how much of it is done, and what else there is room for, the most telling first."""

    def __init__(self, console: Console) -> None:
        self._of, self._named = console, Column(no_wrap=True)
        self._all = (
            TextColumn("{task.description}", markup=False, table_column=self._named),
            BarColumn(bar_width=BAR),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}", markup=False),
            TextColumn("{task.fields[pace]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(compact=True),
        )
        super().__init__(*self._all, console=console, transient=True)

    def make_tasks_table(self, tasks: Iterable[Task]) -> Table:
        """The lines at this moment, none wider than the terminal."""
        shown = [task for task in tasks if task.visible]
        name, bar, done, unit, pace, elapsed, remaining = self._all
        units = max((cell_len(task.fields["unit"]) for task in shown), default=0)
        paces = max((cell_len(task.fields["pace"]) for task in shown), default=0)
        counts = max((cell_len(done.render(task).plain) for task in shown), default=0)
        names = max((cell_len(task.description) for task in shown), default=0)
        named = min(names, NAMED, self._of.width // 2)
        left = self._of.width - named
        chosen: set[ProgressColumn] = {name}
        for column, width in (
            (done, counts), (remaining, 5), (unit, units), (bar, BAR), (elapsed, 7), (pace, paces)
        ):  # fmt: skip
            if width + 1 > left:
                break
            chosen.add(column)
            left -= width + 1
        self._named.max_width = named + left
        self.columns = tuple(column for column in self._all if column in chosen)
        return super().make_tasks_table(shown)
