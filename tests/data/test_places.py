"""Files are looked for in the documented order."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data.places import data_folder, find_files, split_of
from harness.errors import BadDataError, InputError
from tests.data.copies import write

PHRASEBANK_ORDER = [
    "phrasebank/Sentences_50Agree.txt",
    "financial_phrasebank/Sentences_50Agree.txt",
    "FinancialPhraseBank-v1.0/Sentences_50Agree.txt",
    "Sentences_50Agree.txt",
    "phrasebank/FinancialPhraseBank-v1.0.zip",
    "financial_phrasebank/data/FinancialPhraseBank-v1.0.zip",
    "FinancialPhraseBank-v1.0.zip",
    "FinancialPhraseBank-v10.zip",
    "phrasebank/all-data.csv",
    "all-data.csv",
    "archive.zip",
]
SAMSUM_ORDER = [
    ("samsum/train.jsonl", "samsum/test.jsonl"),
    ("samsum/train.json", "samsum/test.json"),
    ("samsum/train.csv", "samsum/test.csv"),
    ("samsum/train.parquet", "samsum/test.parquet"),
    ("SAMSum/train.csv", "SAMSum/test.csv"),
    ("samsum/data/train-00000-of-00001.parquet", "samsum/data/test-00000-of-00001.parquet"),
    ("samsum/corpus.7z",),
    ("corpus.7z",),
]


def test_phrasebank_is_taken_from_the_first_place_that_has_it(tmp_path: Path) -> None:
    for later in reversed(PHRASEBANK_ORDER):
        path = write(tmp_path / later, "")
        found = find_files("financial_phrasebank", tmp_path, {"agreement": 50})
        assert found.files == {"all": path}
        assert found.form == {".txt": "text", ".zip": "zip", ".csv": "csv"}[path.suffix]


def test_samsum_is_taken_from_the_first_place_that_has_train_and_test(tmp_path: Path) -> None:
    for names in reversed(SAMSUM_ORDER):
        paths = [write(tmp_path / name, "") for name in names]
        found = find_files("samsum", tmp_path)
        assert list(found.files.values()) == paths
        assert found.form == ("7z" if len(paths) == 1 else "tables")


def test_a_folder_called_samsum_may_be_named_itself(tmp_path: Path) -> None:
    for name in ("train.csv", "val.csv", "test.csv"):
        write(tmp_path / "my-samsum" / name, "")
        write(tmp_path / "other" / name, "")
    found = find_files("samsum", tmp_path / "my-samsum")
    assert list(found.files) == ["train", "validation", "test"]
    with pytest.raises(BadDataError):
        find_files("samsum", tmp_path / "other")


def test_parts_of_different_endings_are_not_mixed(tmp_path: Path) -> None:
    write(tmp_path / "samsum/train.jsonl", "")
    write(tmp_path / "samsum/test.csv", "")
    with pytest.raises(BadDataError, match="no files of samsum"):
        find_files("samsum", tmp_path)


def test_an_agreement_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    write(tmp_path / "all-data.csv", "")
    with pytest.raises(BadDataError, match=r"agreement: 66 \(there is: 50\)") as raised:
        find_files("financial_phrasebank", tmp_path, {"agreement": 66})
    assert "FinancialPhraseBank-v1.0.zip" in raised.value.hint


def test_wrong_names_and_options_are_said_with_the_right_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no data set 'x'"):
        find_files("x", tmp_path)
    with pytest.raises(InputError, match="agreement cannot be '60'") as raised:
        find_files("financial_phrasebank", tmp_path, {"agreement": 60})
    assert "all, 75, 66, 50" in raised.value.hint
    with pytest.raises(InputError, match="no option 'agreement'"):
        find_files("samsum", tmp_path, {"agreement": 66})


def test_the_folder_given_goes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setenv("HARNESS_DATA", str(other))
    assert data_folder(tmp_path) == tmp_path
    assert data_folder(None) == other
    monkeypatch.setenv("HARNESS_DATA", "")
    assert data_folder(None) is None
    monkeypatch.delenv("HARNESS_DATA")
    assert data_folder(None) is None
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "gone"))
    with pytest.raises(InputError, match="HARNESS_DATA is no folder"):
        data_folder(None)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("corpus/val.json", "validation"),
        ("data/train-00000-of-00001.parquet", "train"),
        ("samsum-test.csv", "test"),
        ("samsum_validation.csv", "validation"),
        ("README.md", None),
        ("contest.csv", None),
    ],
)
def test_a_files_name_says_which_part_it_is(name: str, split: str | None) -> None:
    assert split_of(name) == split
