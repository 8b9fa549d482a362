"""Results of one suite at several limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InputError
from harness.results.limits import other_limits
from harness.results.store import read_summary

FOLDERS = ("s", "s@limit-5", "s@limit-40", "s2", "s2@limit-5", "s@limit-0", "s@limit-5x", "s.old")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    (tmp_path / "s@limit-7").write_text("no folder")
    return tmp_path


@pytest.mark.parametrize(
    ("at", "others"),
    [
        ("s", ["s@limit-40", "s@limit-5"]),
        ("s@limit-5", ["s", "s@limit-40"]),
        ("s@limit-9", ["s", "s@limit-40", "s@limit-5"]),
        ("s2@limit-5", ["s2"]),
        ("s3", []),
    ],
)
def test_other_limits_are_those_of_the_same_suite_the_whole_first(
    results: Path, at: str, others: list[str]
) -> None:
    assert [folder.name for folder in other_limits(results / at)] == others


def test_where_all_results_would_be_there_need_be_nothing(tmp_path: Path) -> None:
    assert other_limits(tmp_path / "none" / "s") == []


def test_who_looks_for_the_whole_is_told_of_the_limits_that_are_there(results: Path) -> None:
    (results / "s@limit-40" / "summary.json").write_text("{}")
    with pytest.raises(InputError) as caught:
        read_summary(results / "s")
    assert "s@limit-40" in caught.value.hint and "s@limit-5" not in caught.value.hint
