"""The suites of `suites/` run: here with the same graph and small random models."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.reporting.markdown import markdown
from harness.reporting.sections import document
from harness.runner.run import Options, prepare, run
from tests.cli.test_suites import NAMES, SUITES, nowhere
from tests.pipeline.conftest import Notes
from tests.pipeline.in_process import run_here
from tests.pipeline.small_suites import write_small

__all__ = ["nowhere"]


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("suite", SUITES, ids=NAMES)
def test_every_suite_has_a_small_twin_of_as_many_cells(suite: Path, tmp_path: Path) -> None:
    options = Options(home=tmp_path / "home", provisional=True)
    small = prepare(write_small(suite, tmp_path), options)
    asked = {(cell.model, cell.task) for cell in small.cells if "-weights" not in cell.model}
    whole = prepare(suite, options)
    added = whole.suite.spec.added  # about forgetting, which the twins do without
    assert asked == {(cell.model, cell.task) for cell in whole.cells if cell.task not in added}


def test_the_job_on_a_laptop_runs_to_its_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_here(monkeypatch)
    (suite,) = [suite for suite in SUITES if suite.stem == "smollm2-cpu"]
    options, notes = Options(results=tmp_path / "results", home=tmp_path / "home"), Notes()
    summary = run(prepare(write_small(suite, tmp_path), options), options, notes, []).summary
    assert notes.failures == {}
    assert {cell.status for cell in summary.cells} == {"ok"}
    assert {check.status for check in summary.checks} == {"passed"}
    assert "Quality against total bits" in markdown(document(summary))
