"""A summary says what its results say, or it is refused or doubted by name."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.errors import HarnessWarning, InputError
from harness.records import Summary
from harness.reporting.partial import partial_lines
from harness.results.store import ResultsStore, read_summary
from harness.sealed import SEAL
from tests.exports.made_results import write_results


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results as a run leaves them: a summary, and a result for each cell."""
    folder = write_results(tmp_path)
    store = ResultsStore(folder)
    for cell in read_summary(folder).cells:
        store.cell(cell.model, cell.task).finish(cell)
    return folder


def edit(folder: Path, change: Callable[[Any], object], *, seal: bool = True) -> None:
    """Changes a summary as an editor would; its seal stays what it was, or is taken out."""
    file = folder / "summary.json"
    data = json.loads(file.read_text(encoding="utf-8"))
    change(data)
    if not seal:
        del data[SEAL]
    file.write_text(json.dumps(data, indent=2, ensure_ascii=False), encoding="utf-8")


def better(data: Any) -> None:
    """The first cell is said to be better than it was."""
    data["cells"][0]["metrics"]["accuracy"]["value"] = 0.99


def met(data: Any) -> None:
    """A gate is said to be met."""
    data["gates"][0] |= {"outcome": "met", "passed": True, "reason": "It was met."}


def doubted(folder: Path) -> Summary:
    """The summary of which a warning is given, and what its reports then say first."""
    with pytest.warns(HarnessWarning, match="summary.json"):
        summary = read_summary(folder)
    assert f" the summary {summary.unproven}." in partial_lines(summary)[0]
    return summary


def test_what_a_run_wrote_is_not_doubted(results: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not read_summary(results).unproven
        (results / "summary.json").write_bytes(
            (results / "summary.json").read_bytes().replace(b"\n", b"\r\n")
        )
        assert not read_summary(results).unproven


@pytest.mark.parametrize("seal", [True, False])
def test_an_edited_figure_is_refused_by_the_result_beside_it(results: Path, seal: bool) -> None:
    edit(results, better, seal=seal)
    with pytest.raises(InputError) as refused:
        read_summary(results)
    assert "summary.json: it was changed after it was written: accuracy of base/sentiment is 0.99" in str(refused.value)  # fmt: skip
    assert "result.json" in str(refused.value) and "`harness run SUITE`" in refused.value.hint


def test_an_edited_verdict_is_refused_though_the_cells_are_right(results: Path) -> None:
    edit(results, met)
    with pytest.raises(InputError, match=r"it was changed after it was written$"):
        read_summary(results)


def test_without_its_seal_only_the_cells_are_believed(results: Path) -> None:
    edit(results, met, seal=False)
    assert "nothing but the figures of its cells" in doubted(results).unproven


@pytest.mark.parametrize("seal", [True, False])
def test_a_summary_alone_that_was_changed_is_taken_at_its_word_and_said_to_be(
    results: Path, tmp_path: Path, seal: bool
) -> None:
    alone = tmp_path / "alone"
    alone.mkdir()
    (results / "summary.json").rename(alone / "summary.json")
    edit(alone, better, seal=seal)
    summary = doubted(alone)
    assert "taken at its word" in summary.unproven
    assert "unproven" not in summary.model_dump()


def test_results_that_are_newer_are_said(results: Path) -> None:
    cell = read_summary(results).cells[0]
    newer = cell.model_copy(update={"metrics": {**cell.metrics, "accuracy": cell.metrics["accuracy"].model_copy(update={"value": 0.125})}})  # fmt: skip
    ResultsStore(results).cell(cell.model, cell.task).finish(newer)
    assert "accuracy of base/sentiment is" in doubted(results).unproven
    ResultsStore(results).cell(cell.model, cell.task).finish(
        newer.model_copy(update={"key": "of another plan"})
    )
    assert not read_summary(results).unproven


def test_answers_that_were_changed_are_said(results: Path) -> None:
    cell = read_summary(results).cells[0]
    file = ResultsStore(results).cell(cell.model, cell.task).samples_file
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[1:]))
    said = doubted(results).unproven
    assert "results that were changed: cells/base/sentiment/samples.jsonl has" in said


def test_a_name_that_leads_out_of_the_folder_reads_no_file_there(tmp_path: Path) -> None:
    summary = read_summary(write_results(tmp_path))
    astray = summary.cells[0].model_copy(update={"model": "../../../out"})
    store = ResultsStore(write_results(tmp_path, summary.model_copy(update={"cells": [astray]})))
    store.cell(astray.model, astray.task).finish(astray.model_copy(update={"n": 7}))
    assert (tmp_path / "out" / astray.task / "result.json").is_file()
    assert not read_summary(store.folder, any_names=True).unproven
