"""Repetition is a share of distinct runs; texts part where their ids first differ."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.answers import CellAnswers, TaskAnswers
from harness.analysis.comparisons import build_comparisons
from harness.analysis.metrics import compute_metrics
from harness.analysis.paired import compare_cells
from harness.metrics.registry import METRICS, metrics_of
from harness.metrics.writing import repetition, shared_start
from tests.analysis.samples import of_type, written

ids = st.lists(st.integers(0, 5), max_size=40)


@pytest.mark.parametrize("period", [1, 2, 3, 7])
@pytest.mark.parametrize("length", [10, 200])
def test_a_loop_of_p_tokens_has_p_distinct_runs(period: int, length: int) -> None:
    looping = [place % period for place in range(length)]
    assert repetition(looping) == pytest.approx(1 - period / (length - 3))


def test_a_text_that_says_nothing_twice_has_none() -> None:
    assert repetition(range(200)) == 0.0


def test_a_text_that_stands_twice_repeats_its_own_runs_alone() -> None:
    """Of 2k - 3 runs the k - 3 of the first half come again; the 3 across the seam do not."""
    half = list(range(50))
    assert repetition(half * 2) == pytest.approx(47 / 97)


@pytest.mark.parametrize("length", [0, 1, 3])
def test_a_text_too_short_for_a_run_repeats_nothing(length: int) -> None:
    assert repetition([7] * length) == 0.0


@given(ids)
def test_repetition_agrees_with_counting_which_runs_stood_there_before(text: list[int]) -> None:
    runs = list(zip(text, text[1:], text[2:], text[3:], strict=False))
    again = sum(run in runs[:place] for place, run in enumerate(runs))
    assert repetition(text) == pytest.approx(again / len(runs) if runs else 0.0)


def test_random_ids_of_a_real_vocabulary_hardly_repeat() -> None:
    rng = np.random.default_rng(0)
    assert max(repetition(rng.integers(0, 32_000, 200).tolist()) for _ in range(50)) == 0.0


@given(ids, ids)
def test_texts_part_at_the_first_id_that_differs(first: list[int], second: list[int]) -> None:
    place = shared_start(first, second)
    if first == second:
        assert place is None
    else:
        assert place is not None
        assert first[:place] == second[:place]
        assert first[place : place + 1] != second[place : place + 1]
    assert shared_start(second, first) == place


def test_a_cell_says_how_often_texts_repeat_are_cut_and_are_empty() -> None:
    found = compute_metrics(metrics_of("write"), written([[1] * 13, list(range(13)), []]), seed=0)
    assert found["repetition"].value == pytest.approx((0.9 + 0 + 0) / 3)
    assert found["empty"].value == pytest.approx(1 / 3)
    assert found["truncated"].value == 0.0
    cut = compute_metrics(metrics_of("write"), written([[1, 2]], cut=True), seed=0)
    assert cut["truncated"].value == 1.0


def test_repetition_is_compared_prompt_by_prompt_and_less_is_better() -> None:
    before = written([[place] * 23 for place in range(6)])
    after = written([list(range(23)) for _ in range(5)] + [[5] * 23])
    found = compare_cells(METRICS["repetition"], before, after, seed=0)
    assert found.delta == pytest.approx(-0.95 * 5 / 6)
    assert (found.better, found.worse) == (5, 0)


def test_a_comparison_says_where_each_text_parts_and_not_which_answer_was_right() -> None:
    before = written([[1, 2, 3], [1, 2, 3], [1, 2, 3], []])
    after = written([[1, 2, 3], [1, 9, 3], [1, 2], [4]])
    task = TaskAnswers(
        "write", of_type("write"), {"a": CellAnswers(before), "b": CellAnswers(after)}
    )
    first, *rest = build_comparisons("c", "a", ["b"], {"t": task}, seed=0)
    assert first.metric == "repetition"
    assert first.parted == {"prompt-0": None, "prompt-1": 1, "prompt-2": 2, "prompt-3": 0}
    assert not first.changed_for_better and not first.changed_for_worse
    assert all(record.parted == {} for record in rest)


def test_texts_of_different_tokenizers_are_not_held_against_each_other_token_by_token() -> None:
    cells = {
        "a": CellAnswers(written([[1, 2]]), prompts="one"),
        "b": CellAnswers(written([[1, 3]]), prompts="other"),
    }
    task = TaskAnswers("write", of_type("write"), cells)
    found = build_comparisons("c", "a", ["b"], {"t": task}, seed=0, any_prompts=True)
    assert found[0].reason is None and found[0].parted == {}
