"""Reading examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BadDataError, PromptTooLongError
from harness.models.finetune.examples import read_examples


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_too_long_examples_are_counted_and_never_cut(tmp_path: Path) -> None:
    rows = [{"prompt_ids": [1] * n, "target_ids": [2]} for n in (3, 8, 9)]
    file = write(tmp_path / "train.jsonl", rows)
    with pytest.raises(PromptTooLongError, match=r"2 of 3 .* context of 8 .* longest has 10"):
        read_examples(file, vocab_size=5, context_length=8)
    assert len(read_examples(file, vocab_size=5, context_length=10)) == 3


@pytest.mark.parametrize(
    "row",
    [
        {"prompt_ids": [1]},
        {"prompt_ids": [1], "target_ids": []},
        {"prompt_ids": [1], "target_ids": [7]},
        {"prompt_ids": [1], "target_ids": ["2"]},
        {"prompt_ids": [-1], "target_ids": [2]},
        {"prompt_ids": [1], "target_ids": [2], "part": "x"},
        [1, 2],
        3,
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, row: Any) -> None:
    file = write(tmp_path / "train.jsonl", [{"prompt_ids": [1], "target_ids": [2]}, row])
    with pytest.raises(BadDataError, match=r"train\.jsonl:2"):
        read_examples(file, vocab_size=7, context_length=99)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="no training examples"):
        read_examples(write(tmp_path / "train.jsonl", []), vocab_size=7, context_length=99)
