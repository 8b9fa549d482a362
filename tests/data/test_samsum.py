"""SAMSum from tables and archives."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet

from harness.data.datasets import Loaded
from harness.data.places import FoundFiles
from harness.data.samsum import read_samsum
from harness.errors import BadDataError
from tests.data.copies import DIALOGUES, json_lines, samsum_rows, write
from tests.data.seven_zip import seven_zip
from tests.data.test_archives import zip_of

ROWS = samsum_rows()
PARTS = {"train": ROWS[:1], "validation": ROWS[1:2], "test": ROWS[2:]}
FILE_NAMES = {"train": "train", "validation": "val", "test": "test"}


def as_csv(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, ["id", "dialogue", "summary"])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_parquet(rows: list[dict[str, str]]) -> bytes:
    out = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), out)
    return out.getvalue()


FORMS = {
    ".json": lambda rows: json.dumps(rows, indent=1).encode(),
    ".jsonl": json_lines,
    ".csv": as_csv,
    ".parquet": as_parquet,
}


def read_parts(
    tmp_path: Path, parts: dict[str, list[dict[str, str]]], ending: str = ".jsonl"
) -> Loaded:
    files = {
        part: write(tmp_path / f"{part}{ending}", FORMS[ending](rows))
        for part, rows in parts.items()
    }
    return read_samsum(FoundFiles("tables", files))


def read_archive(path: Path, data: bytes) -> Loaded:
    return read_samsum(FoundFiles("7z", {"all": write(path, data)}))


@pytest.mark.parametrize("ending", FORMS)
def test_all_forms_give_the_same_examples(ending: str, tmp_path: Path) -> None:
    data = read_parts(tmp_path, PARTS, ending).dataset
    examples = [*data.train, *data.validation, *data.test]
    assert [(e.id, e.target) for e in examples] == [(row[0], row[2]) for row in DIALOGUES]
    assert [e.text for e in examples] == [row[1].replace("\r\n", "\n") for row in DIALOGUES]
    assert data.labels == ()


@pytest.mark.parametrize("make", [zip_of, seven_zip])
def test_the_archives_json_arrays_are_read(make: object, tmp_path: Path) -> None:
    members = {
        f"corpus/{FILE_NAMES[part]}.json": FORMS[".json"](rows) for part, rows in PARTS.items()
    }
    data = make({**members, "corpus/licence.txt": b"", "__MACOSX/val.json": b"\0"})  # type: ignore[operator]
    loaded = read_archive(tmp_path / "corpus.7z", data)
    assert loaded.dataset == read_parts(tmp_path, PARTS).dataset
    assert loaded.reading.sources[0].members == tuple(sorted(members))


def test_without_a_validation_file_the_reading_says_so(tmp_path: Path) -> None:
    loaded = read_parts(tmp_path, {"train": ROWS[:1], "test": ROWS[2:]})
    assert loaded.dataset.validation == ()
    assert any("no validation part" in note for note in loaded.reading.notes)


def test_train_gives_up_what_is_tested_validated_or_repeated(tmp_path: Path) -> None:
    tea, late, quoted = ROWS
    again = [
        {**row, "id": f"9-{n}", "summary": "Other."} for n, row in enumerate((quoted, late, tea))
    ]
    again[0]["dialogue"] = again[0]["dialogue"].upper().replace(",", " ,")
    empty = {"id": "13828807", "dialogue": " \r\n", "summary": "Nothing."}
    loaded = read_parts(
        tmp_path,
        {
            "train": [tea, *again, empty],
            "validation": [late, {**quoted, "id": "8-1"}],
            "test": [quoted],
        },
    )
    assert [e.id for e in loaded.dataset.train] == ["7-1"]
    assert [e.id for e in loaded.dataset.validation] == ["7-2"]
    assert {d.reason: d.rows for d in loaded.reading.dropped} == {
        "validation: the dialogue stands in test": 1,
        "train: an empty dialogue": 1,
        "train: the dialogue stands in test": 1,
        "train: the dialogue stands in validation": 1,
        "train: the dialogue stands in train already": 1,
    }
    assert loaded.reading.read == {"train": 5, "validation": 2, "test": 1}


def test_counts_that_are_not_the_published_ones_are_complained_of(tmp_path: Path) -> None:
    assert read_parts(tmp_path, PARTS).reading.complaints == (
        "train: 1 rows, published are 14732",
        "validation: 1 rows, published are 818",
        "test: 1 rows, published are 819",
    )


def test_ids_are_made_where_they_are_missing_and_told_apart_where_they_repeat(
    tmp_path: Path,
) -> None:
    rows = [{**row, "id": "same"} for row in ROWS[:2]]
    nameless = {key: ROWS[2][key] for key in ("dialogue", "summary")}
    data = read_parts(tmp_path, {"train": [rows[0], nameless], "test": [rows[1]]}).dataset
    assert [e.id for e in data.test] == ["same"]
    assert data.train[0].id == "same#2"
    assert data.train[1].id.startswith("ss-")


def test_a_row_of_something_else_is_named_with_its_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "train.jsonl", '{"text": "x", "summary": "y"}\n')
    test = write(tmp_path / "test.jsonl", json_lines(ROWS))
    with pytest.raises(BadDataError, match=r"train\.jsonl:1: no column 'dialogue'.*text, summary"):
        read_samsum(FoundFiles("tables", {"train": path, "test": test}))
    write(path, '{"dialogue": ["x"], "summary": "y"}\n')
    with pytest.raises(BadDataError, match=r"train\.jsonl:1: dialogue and summary must be texts"):
        read_samsum(FoundFiles("tables", {"train": path, "test": test}))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"train.json": b"[]"}, "no test part"),
        ({"train.json": b"[]", "a/train.json": b"[]"}, "more than one member is the train part"),
        ({"train.json": b"[", "test.json": b"[]"}, r"corpus.7z/train.json:1: not JSON"),
    ],
)
def test_an_archive_of_something_else_is_one_clear_error(
    members: dict[str, bytes], said: str, tmp_path: Path
) -> None:
    with pytest.raises(BadDataError, match=said):
        read_archive(tmp_path / "corpus.7z", zip_of(members))


def test_a_wrong_checksum_is_refused(tmp_path: Path) -> None:
    files = {
        part: write(tmp_path / f"{part}.jsonl", json_lines(ROWS)) for part in ("train", "test")
    }
    with pytest.raises(BadDataError, match=r"test\.jsonl: wrong checksum"):
        read_samsum(FoundFiles("tables", files), {"test.jsonl": "0" * 64})
