from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.analysis.significance import holm, mcnemar, permutation_p


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_binomial_test_on_the_answers_that_changed(gained: int, lost: int) -> None:
    if gained + lost == 0:
        assert mcnemar(gained, lost) == 1.0
    else:
        assert mcnemar(gained, lost) == pytest.approx(stats.binomtest(gained, gained + lost).pvalue)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_agrees_with_its_definition(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    for rank, index in enumerate(order):
        steps = [(len(order) - step) * p_values[order[step]] for step in range(rank + 1)]
        assert adjusted[index] == pytest.approx(min(1.0, max(steps)))


def test_holm_does_not_count_a_candidate_without_a_p_value() -> None:
    assert holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])


def test_a_permutation_p_value_is_never_zero() -> None:
    assert permutation_p(1.0, np.zeros(99)) == 0.01
