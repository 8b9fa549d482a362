"""The embedded data sets, as their registry gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data import DATASETS, datasets
from harness.errors import BadDataError


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_a_data_set_has_two_splits_that_share_nothing(name: str) -> None:
    data = DATASETS[name].read()
    assert data.train and data.test
    texts = {example.text for example in data.train}
    assert not [example for example in data.test if example.text in texts]
    assert len({example.id for example in (*data.train, *data.test)}) == len(data.train) + len(
        data.test
    )


def test_answers_are_labels_where_there_are_labels() -> None:
    data = DATASETS["phrasebank-sample"].read()
    assert {example.target for example in data.test} == set(data.labels)


def test_the_fingerprint_follows_the_contents(tmp_path: Path) -> None:
    from dataclasses import replace

    file = tmp_path / "rows.jsonl"
    info = replace(DATASETS["dialogue-sample"], files=(file,))
    prints = []
    for text in ("a", "b", "a"):
        file.write_text(text)
        prints.append(info.fingerprint())
    assert prints[0] == prints[2] != prints[1]


def test_lines_end_at_newlines_only(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_bytes('{"id": 1, "a": "x\u2028y\x85z", "b": "t"}\n'.encode())
    (row,) = datasets._read_lines(file, "a", "b")
    assert (row.id, row.text, row.target) == ("1", "x\u2028y\x85z", "t")


@pytest.mark.parametrize("line", ["{", "[]", '{"id": 1, "a": "x"}'])
def test_a_damaged_row_is_named_by_file_and_line(line: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"id": 1, "a": "x", "b": "y"}\n' + line)
    with pytest.raises(BadDataError, match=r"rows\.jsonl:2"):
        datasets._read_lines(file, "a", "b")
