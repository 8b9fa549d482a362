"""Differences as a file: every row, unrounded, and nothing that a spreadsheet runs."""

from __future__ import annotations

import csv
import io

import pytest

from harness.reporting.downloads import HEADS, differences_csv
from harness.reporting.outcomes import judge
from tests.reporting.fixture import quickstart


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_every_difference_is_a_line_with_its_figures_unrounded() -> None:
    summary = quickstart()
    found = rows_of(differences_csv(judge(summary, summary.comparisons)))
    assert len(found) == len(summary.comparisons) and tuple(found[0]) == HEADS
    for line, row in zip(found, summary.comparisons, strict=True):
        assert (line["candidate"], line["metric"]) == (row.candidate, row.metric)
        assert [float(line[k]) if line[k] else None for k in ("difference", "low", "high")] == [
            row.delta, row.low, row.high,
        ]  # fmt: skip
        assert (line["conclusion"] == "missing") == (row.delta is None)


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "＝1", "\t=1"])
def test_no_name_becomes_a_formula(name: str) -> None:
    row = quickstart().comparisons[0].model_copy(update={"candidate": name})
    (found,) = rows_of(differences_csv(judge(quickstart(), [row])))
    assert found["candidate"].startswith("'")
