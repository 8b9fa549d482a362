"""Every pair at once gives what each pair gives by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, ttest_rel

from harness.analysis.pairwise import interval_pairs, judged, mcnemar_pairs, paired_t
from harness.analysis.significance import holm, holm_adjusted, mcnemar


def test_every_pair_of_right_and_wrong_is_mcnemars() -> None:
    right = (np.random.default_rng(0).random((7, 90)) < 0.7).astype(float)
    right[6] = right[0]
    found = mcnemar_pairs(right)
    for i, one in enumerate(right):
        for j, other in enumerate(right):
            gained, lost = int(np.sum(one > other)), int(np.sum(one < other))
            assert found[i, j] == pytest.approx(mcnemar(gained, lost), abs=1e-15)
    assert found[0, 6] == 1.0


def test_every_pair_of_scores_is_the_paired_t_test_of_scipy() -> None:
    scores = np.random.default_rng(1).beta(2, 3, (6, 40))
    found = paired_t(scores)
    for i in range(6):
        for j in range(i):
            expected = ttest_rel(scores[i], scores[j]).pvalue
            assert found[i, j] == pytest.approx(max(expected, 2.0**-39), rel=1e-9)
            assert found[i, j] == found[j, i]


def test_scores_that_moved_alike_or_not_at_all() -> None:
    scores = np.random.default_rng(2).random(12)
    found = paired_t(np.array([scores, scores + 0.125, scores]))
    assert found[0, 1] == pytest.approx(2.0**-11, rel=1e-6)
    assert found[0, 2] == 1.0
    assert np.isnan(paired_t(scores[:2, None])).all()


def test_intervals_that_overlap_show_nothing() -> None:
    values, low, high = np.array([[0.9, 0.6, 0.5], [0.85, 0.5, 0.4], [0.95, 0.7, np.nan]])
    found = interval_pairs(values, low, high, 0.95)
    errors = np.array([0.1, 0.2]) / (2 * norm.ppf(0.975))
    assert found[0, 1] == pytest.approx(2 * norm.sf(0.3 / np.hypot(*errors)))
    assert found[0, 2] == found[1, 2] == 1.0
    assert interval_pairs(values[:2], low[:2] - 0.3, high[:2], 0.95)[0, 1] == 1.0


def plain_holm(p_values: list[float]) -> list[float]:
    """Holm's step-down, as it stands in the paper."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, highest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p_values[place]))
        adjusted[place] = highest
    return adjusted


@given(st.lists(st.floats(0, 1), max_size=30))
def test_the_correction_of_an_array_is_holms(p_values: list[float]) -> None:
    assert holm_adjusted(np.array(p_values)).tolist() == plain_holm(p_values)
    assert holm([None, *p_values]) == [None, *plain_holm(p_values)]


def test_differences_are_shown_after_correction_over_all_pairs_alone() -> None:
    p = np.array([[1.0, 0.02, 0.001], [0.02, 1.0, 0.9], [0.001, 0.9, 1.0]])
    pairs = judged(p, np.array([3.0, 2.0, 1.0]), np.zeros((3, 3), dtype=bool), 0.95)
    assert pairs.better.tolist() == [[False, True, True], [False] * 3, [False] * 3]
    assert pairs.adjusted[0, 1] == pytest.approx(0.04) and pairs.adjusted[2, 0] == pytest.approx(
        0.003
    )
    assert (pairs.tested, pairs.shown) == (3, 2)
    stricter = judged(p, np.array([3.0, 2.0, 1.0]), np.zeros((3, 3), dtype=bool), 0.99)
    assert stricter.shown == 1
