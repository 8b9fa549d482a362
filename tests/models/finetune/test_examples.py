"""Reading examples and planning batches."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import BadDataError, PromptTooLongError
from harness.models.finetune.examples import plan_batches, read_examples


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
        [1, 2],
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, row: Any) -> None:
    file = write(tmp_path / "train.jsonl", [{"prompt_ids": [1], "target_ids": [2]}, row])
    with pytest.raises(BadDataError, match=r"train\.jsonl:2"):
        read_examples(file, vocab_size=7, context_length=99)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="no training examples"):
        read_examples(write(tmp_path / "train.jsonl", []), vocab_size=7, context_length=99)


lengths_of_examples = st.lists(st.integers(1, 60), min_size=1, max_size=80)


@given(lengths_of_examples, st.integers(1, 200), st.integers(1, 3), st.integers(0, 9))
def test_every_epoch_holds_each_example_once_within_the_budget(
    lengths: list[int], budget: int, epochs: int, seed: int
) -> None:
    steps = plan_batches(lengths, budget, float(epochs), np.random.default_rng(seed))
    counted = Counter(index for step in steps for index in step)
    assert counted == {index: epochs for index in range(len(lengths))}
    for step in steps:
        padded = max(lengths[index] for index in step) * len(step)
        assert padded <= budget or len(step) == 1


def test_half_an_epoch_takes_half_of_the_batches() -> None:
    lengths = [10] * 40
    whole = plan_batches(lengths, 20, 1.0, np.random.default_rng(0))
    half = plan_batches(lengths, 20, 1.5, np.random.default_rng(0))
    assert (len(whole), len(half)) == (20, 30)


def test_batches_come_in_an_order_of_the_seed() -> None:
    lengths = list(range(1, 50))
    first, again, other = (
        plan_batches(lengths, 64, 1.0, np.random.default_rng(seed)) for seed in (0, 0, 1)
    )
    assert first == again != other
    sizes = [lengths[step[0]] for step in first]
    assert sizes != sorted(sizes)
    assert math.isclose(sum(map(len, first)), 49)
