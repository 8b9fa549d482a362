"""Answers that go on behind their end, as those of base models do, in words."""

from __future__ import annotations

from collections.abc import Iterator

from harness.records import Summary
from harness.reporting.blocks import Callout, Line, Name
from harness.reporting.format import count

SHARE = 0.05
"""Least share of a model's answers that is worth a warning."""


def going_on_callouts(summary: Summary) -> Iterator[Callout]:
    """A warning for each task whose right answers are of one line, and whose written ones are not."""
    for task in summary.tasks:
        cells = [cell for cell in summary.cells_of(task) if cell.n]
        found = [cell for cell in cells if cell.details.get("went_on", 0) >= SHARE * cell.n]
        if not found:
            continue
        line: Line = (
            Name(task),
            ": answers go on behind a line break, where no right answer holds one (",
        )
        for place, cell in enumerate(found):
            went_on = count(cell.details["went_on"])
            line += (", " * bool(place), Name(cell.model), f" {went_on} of {count(cell.n)}")
        yield Callout("unsure", (*line, '); `stop: "\\n"` ends them there.'))
