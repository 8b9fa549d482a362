"""`import harness` from a script or a notebook."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import harness
from harness.errors import InputError
from harness.suite.problems import SuiteError
from tests.reporting.fixture import quickstart


def test_results_become_a_tidy_frame(tmp_path: Path) -> None:
    summary = quickstart()
    (tmp_path / "summary.json").write_text(summary.model_dump_json(by_alias=True))
    frame = harness.load_results(tmp_path)
    assert list(frame.columns) == [
        "model", "task", "metric", "value", "low", "high", "n", "status", "error",
        "approximate",
    ]  # fmt: skip
    assert len(frame) == sum(len(cell.metrics) for cell in summary.cells)
    cell = next(c for c in summary.cells if (c.model, c.task) == ("lora", "sentiment"))
    row = frame[(frame.model == "lora") & (frame.metric == "accuracy")].iloc[0]
    assert (row.value, row.low) == (cell.metrics["accuracy"].value, cell.metrics["accuracy"].low)


def test_a_report_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text(quickstart().model_dump_json(by_alias=True))
    files = harness.report(tmp_path, tmp_path / "out")
    assert [file.name for file in files[:2]] == ["report.md", "index.html"]


def test_the_function_stays_when_the_room_of_reports_is_imported() -> None:
    program = (
        "import harness; written = harness.report\n"
        "from harness.reporting.write import write_report\n"
        "from inspect import isfunction\n"
        "assert isfunction(harness.report) and harness.report is written"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_mistakes_are_raised_and_not_printed(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        harness.load_results(tmp_path)
    suite = tmp_path / "s.yaml"
    suite.write_text("name: x\n")
    with pytest.raises(SuiteError, match="2 mistakes"):
        harness.run(suite)
