from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.analysis.power import (
    detectable,
    needed,
    pair_spread,
    pair_spread_if_lost,
    upper_spread,
)


def test_what_32_pairs_detect_is_as_published() -> None:
    """Chow, Shao and Wang, "Sample Size Calculations in Clinical Research" (2003), example 3.1.4:
    half a standard deviation takes 32, at 5% two-sided and a power of 80%."""
    with_31, with_32 = detectable(1.0, 31), detectable(1.0, 32)
    assert with_31 is not None and with_32 is not None
    assert with_32 < 0.5 < with_31


def test_what_is_needed_is_as_published() -> None:
    """Likewise: a margin one standard deviation away, at 5% one-sided and 80%, takes 7."""
    assert needed(1.0, 1.0, 0.95, 0.8) == 7


@pytest.mark.parametrize(("spread", "distance", "confidence"), [(0.3, 0.03, 0.95), (1, 0.2, 0.9)])
def test_as_many_as_are_needed_clear_the_limit_so_often(
    spread: float, distance: float, confidence: float
) -> None:
    """The power of a z test, from the normal distribution itself."""
    n = needed(spread, distance, confidence, 0.975)
    assert n is not None

    def power(pairs: int) -> float:
        critical = stats.norm.ppf(confidence) * spread / math.sqrt(pairs)
        return float(stats.norm.sf(critical, distance, spread / math.sqrt(pairs)))

    assert power(n) >= 0.975 > power(n - 1)


@pytest.mark.parametrize("n", [20, 200])
def test_what_is_detectable_is_shown_in_80_of_100_trials(n: int) -> None:
    smallest = detectable(0.4, n)
    assert smallest is not None
    error = 0.4 / math.sqrt(n)
    shown = stats.norm.sf(stats.norm.ppf(0.975) * error, smallest, error)
    assert shown == pytest.approx(0.8)


def test_a_single_pair_detects_nothing() -> None:
    assert detectable(1.0, 1) is None


@pytest.mark.parametrize(
    ("spread", "distance"), [(0.3, 0.0), (0.3, -0.1), (math.inf, 0.1), (0.3, 1e-9)]
)
def test_where_no_number_would_do_none_is_given(spread: float, distance: float) -> None:
    assert needed(spread, distance, 0.95) is None


def test_pairs_that_never_differ_need_two() -> None:
    assert needed(0.0, 0.1, 0.95) == 2


@pytest.mark.parametrize("n", [10, 60])
def test_the_upper_spread_lies_above_the_true_one_as_often_as_it_says(n: int) -> None:
    """Of normal values, exactly so."""
    found = np.random.default_rng(0).normal(0, 2, (20_000, n)).std(axis=1, ddof=1)
    above = np.mean(found * upper_spread(1.0, n) >= 2.0)
    assert above == pytest.approx(0.95, abs=0.006)


def test_one_value_bounds_no_spread() -> None:
    assert upper_spread(1.0, 1) == math.inf


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 40))
def test_the_spread_of_pairs_is_their_standard_deviation(gained: int, lost: int, same: int) -> None:
    changes = [1.0] * gained + [-1.0] * lost + [0.0] * same
    if changes:
        expected = pytest.approx(np.std(changes), abs=1e-9)
        assert pair_spread(gained, lost, len(changes)) == expected


def test_a_model_that_lost_more_has_a_spread_of_more_changed_answers() -> None:
    """0 of 100 changed: at most 2.6% did (Wilson at 90%: z^2 / (n + z^2)), and 6% are lost besides."""
    z = stats.norm.ppf(0.95)
    share = z * z / (100 + z * z) + 0.06
    assert pair_spread_if_lost(0, 0, 100, 0.06) == pytest.approx(math.sqrt(share - 0.06**2))


def test_no_more_than_all_answers_change() -> None:
    assert pair_spread_if_lost(50, 50, 100, 0.5) == pytest.approx(math.sqrt(1 - 0.25))
