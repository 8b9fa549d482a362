"""Results in which every text is hostile to what shows it."""

from __future__ import annotations

from pathlib import Path

from harness.records import Cell, Value
from harness.results.store import ResultsStore
from tests.reporting.hostile import hostile


def write_hostile(folder: Path) -> Path:
    """Writes them as `results/<suite>`."""
    summary = hostile()
    store = ResultsStore(folder)
    store.write_summary(summary)
    return folder


def formulas(folder: Path) -> Path:
    """Results whose names a spreadsheet would compute."""
    summary = hostile()
    names = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1"]
    of = next(iter(summary.models.values()))
    task = next(name for name, of in summary.tasks.items() if of.type == "classify")
    cells = [
        Cell(
            key=name, model=name, task=task, status="ok", n=10,
            metrics={"accuracy": Value(value=0.5, low=0.2, high=0.8)},
        )
        for name in names
    ]  # fmt: skip
    models = {name: of.model_copy(update={"key": name}) for name in names}
    suite = {"name": "=cmd()", "file": "-x.yaml", "text": "=1"}
    ResultsStore(folder).write_summary(
        summary.model_copy(update={"models": models, "cells": cells, "suite": suite, "checks": []})
    )
    return folder
