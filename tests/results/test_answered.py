"""Samples as a report reads them are those that the store reads, only sooner."""

from __future__ import annotations

from pathlib import Path

from harness.records import Sample
from harness.results.answered import read_answered, read_rows
from harness.results.cell_folder import CellFolder
from tests.reporting.browser.made import write_made


def test_rows_are_the_samples_of_their_key(tmp_path: Path) -> None:
    write_made(tmp_path / "made")
    cell = CellFolder(tmp_path / "made" / "cells" / "tuned" / "t-classify")
    lines = cell.samples_file.read_text().split("\n")
    other = Sample(key="older", index=3, id="gone").model_dump_json()
    again = lines[4].replace('"unparsed": 0.0', '"unparsed": 1.0')
    damaged = [
        "{",
        "[]",
        "7",
        '{"key": "tuned/t-classify"}',
        lines[5][:-9],
        lines[6].replace("0.0", "NaN"),
    ]
    cell.samples_file.write_text("\n".join([other, *lines[:6], again, *damaged, *lines[7:]]))
    rows = read_rows(cell.samples_file, "tuned/t-classify")
    assert [Sample.model_validate(row) for row in rows] == cell.samples("tuned/t-classify")
    assert len(rows) == 29 and rows[4]["scores"]["unparsed"] == 1.0


def test_what_is_not_there_is_left_out(tmp_path: Path) -> None:
    summary = write_made(tmp_path / "made")
    (tmp_path / "made" / "cells" / "small" / "t-write" / "samples.jsonl").unlink()
    failed = [
        cell.model_copy(update={"status": "failed"})
        if (cell.model, cell.task) == ("base", "t-classify")
        else cell
        for cell in summary.cells
    ]
    found = read_answered(
        tmp_path / "made", summary.model_copy(update={"cells": failed}), tmp_path / "home"
    )
    assert len(found.cells) == 10
    assert ("base", "t-classify") not in found.cells and ("small", "t-write") not in found.cells
    assert len(found.prompts) == 4 and len(found.texts["t-write"]) == 30
