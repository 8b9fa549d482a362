"""Templates, results and words for the tests of assignments."""

from __future__ import annotations

from pathlib import Path

from harness.assignment.report import Report, make_report
from harness.assignment.source import Source
from harness.assignment.templates import CRITERIA, REPORT, Template, find
from harness.assignment.writing import Page, as_markdown
from harness.records import Cell, Sample, Summary
from harness.results.store import ResultsStore

NOWHERE = ResultsStore(Path("/nowhere"))
CRITERION = "criteria:\n  Fine: {checks: all_answered}\n"


def template(folder: Path, report: str, criteria: str = CRITERION) -> Template:
    """A template of one's own."""
    folder.mkdir(exist_ok=True)
    (folder / REPORT).write_text(report)
    (folder / CRITERIA).write_text(criteria)
    return Template(folder)


def report(
    summary: Summary, of: Template | str = "assignment-2", words: dict[str, str] | None = None
) -> Report:
    """A report of a summary without answers beside it."""
    return make_report(
        Source(summary, NOWHERE), find(of) if isinstance(of, str) else of, words or {}
    )


def both(made: Report, folder: Path = Path()) -> tuple[str, str]:
    """A report as Markdown and as HTML."""
    return as_markdown(made), Page(made, folder).html()


def answered(
    store: ResultsStore, model: str, task: str, scores: dict[str, float], metric: str = "accuracy"
) -> None:
    """A cell's samples, by id."""
    samples = [
        Sample(
            key="k", index=i, id=name, target="right", answer=f"{model} {name}", scores={metric: s}
        )
        for i, (name, s) in enumerate(scores.items())
    ]
    store.cell(model, task).start(samples)


def with_keys(summary: Summary) -> Summary:
    """The summary whose cells have the key of `answered`."""
    cells: list[Cell] = [cell.model_copy(update={"key": "k"}) for cell in summary.cells]
    return summary.model_copy(update={"cells": cells})
