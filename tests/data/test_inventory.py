"""What `harness data` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data import DATASETS
from harness.data.catalog import CATALOG
from harness.data.inventory import get_data, list_data, show_data
from harness.data.loading import load
from harness.errors import BadDataError, InputError
from tests.data.copies import json_lines, phrasebank_text, samsum_rows, write


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HARNESS_DATA", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path / "data/phrasebank/Sentences_66Agree.txt", phrasebank_text())
    write(tmp_path / "data/samsum/train.jsonl", json_lines(samsum_rows()[:2]))
    write(tmp_path / "data/samsum/test.jsonl", json_lines(samsum_rows()[2:]))
    return tmp_path / "data"


def test_the_list_has_every_data_set_and_where_it_is(folder: Path) -> None:
    listed = {item.name: item for item in list_data(folder)}
    assert list(listed) == [*DATASETS, *CATALOG]
    assert listed["phrasebank-sample"].where == "embedded"
    assert listed["financial_phrasebank"].where == "found"
    assert listed["financial_phrasebank"].path.endswith("Sentences_66Agree.txt")
    assert listed["financial_phrasebank"].options == {"agreement": ("all", "75", "66", "50")}
    absent = list_data()
    assert {item.where for item in absent} == {"embedded", "absent"}
    for name in CATALOG:
        assert listed[name].licence and "arXiv" in listed[name].citation and listed[name].homepage


def test_checking_reads_and_reports(folder: Path) -> None:
    reading = load("financial_phrasebank", folder, {"agreement": 66}).reading
    assert reading.read == {"all": 4} and not reading.ok
    assert reading.as_dict()["splits"][0]["name"] == "train"


def test_checking_what_is_not_here_says_how_to_get_it() -> None:
    with pytest.raises(BadDataError, match="not here"):
        load("samsum", may_fetch=False)


def test_embedded_data_need_no_getting() -> None:
    assert get_data("dialogue-sample").ok


def test_examples_are_shown_as_a_suite_would_draw_them(folder: Path) -> None:
    shown = show_data("samsum", folder, split="train", count=1)
    assert shown.available == 2 and len(shown.examples) == 1
    assert shown.entry.name == "samsum"
    few, more = (show_data("dialogue-sample", count=n).examples for n in (2, 5))
    assert set(few) <= set(more)


def test_a_split_that_is_not_there_is_said_with_those_that_are(folder: Path) -> None:
    with pytest.raises(InputError, match="no split 'validation'") as raised:
        show_data("samsum", folder, split="validation")
    assert raised.value.hint == "There are: train, test."
