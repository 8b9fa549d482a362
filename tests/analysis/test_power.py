from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.analysis.intervals import tango
from harness.analysis.power import (
    Churn,
    detectable,
    needed,
    needed_to_show,
    pair_spread,
    power,
    upper_spread,
)
from harness.analysis.significance import mcnemar


def flips(gained: int, lost: int, n: int) -> Churn:
    found = Churn.of(np.array([1.0] * gained + [-1.0] * lost + [0.0] * (n - gained - lost)), 1.0)
    assert found is not None
    return found


def power_by_hand(n: int, gain: float, loss: float, candidates: int) -> float:
    """Over every outcome of n pairs, judged by the test and the interval that comparisons use."""
    total = 0.0
    for lost in range(n + 1):
        for gained in range(n - lost + 1):
            low = tango(gained, lost, n).low
            if mcnemar(gained, lost) * candidates <= 0.05 and low is not None and low > 0:
                shares = [gain, loss, 1 - gain - loss]
                counts = [gained, lost, n - gained - lost]
                total += float(stats.multinomial.pmf(counts, n, shares))
    return total


@pytest.mark.parametrize(("n", "gain", "loss"), [(12, 0.7, 0.0), (20, 0.5, 0.1), (30, 0.3, 0.02)])
@pytest.mark.parametrize("candidates", [1, 3])
def test_power_is_that_of_the_test_and_the_interval(
    n: int, gain: float, loss: float, candidates: int
) -> None:
    expected = power_by_hand(n, gain, loss, candidates)
    assert power(n, gain + loss, gain - loss, 0.95, candidates) == pytest.approx(expected, abs=1e-9)
    assert 0.05 < expected < 1


@pytest.mark.parametrize(
    ("gained", "lost", "n"), [(2, 1, 200), (5, 6, 200), (2, 2, 600), (0, 0, 50)]
)
@pytest.mark.parametrize("candidates", [1, 3])
def test_what_is_detectable_is_shown_in_80_percent_whatever_else_changes(
    gained: int, lost: int, n: int, candidates: int
) -> None:
    """By drawing: as much changes either way as was seen, at the upper limit, and nothing."""
    churn = flips(gained, lost, n)
    least = detectable(churn, n, candidates=candidates)
    assert least is not None
    rng = np.random.default_rng(0)
    for noise in (0.0, (gained + lost) / n, churn.upper):
        shares = [least + noise / 2, noise / 2, 1 - least - noise]
        drawn = rng.multinomial(n, shares, 1_500)
        shown = [
            mcnemar(int(won), int(gone)) * candidates <= 0.05 and won > gone
            for won, gone, _ in drawn
        ]
        assert np.mean(shown) >= 0.8 - 3 * math.sqrt(0.16 / 1_500)


@settings(max_examples=60)
@given(
    st.integers(8, 2_000), st.floats(0, 0.1), st.integers(1, 4), st.floats(1, 4), st.floats(0, 1)
)
def test_a_larger_difference_and_less_churn_are_shown_more_often(
    n: int, upper: float, candidates: int, times: float, less: float
) -> None:
    least = detectable(Churn(1.0, upper, True), n, candidates=candidates)
    if least is not None and least * times + upper <= 1:
        net = least * times
        assert power(n, net + upper * less, net, 0.95, candidates) >= 0.8 - 1e-3


def test_what_is_detectable_is_near_the_textbook_where_much_changes() -> None:
    """Chow et al. (2017), chapter 4: 2.8 standard errors of pairs of which a half changes."""
    found = detectable(Churn(1.0, 0.5, True), 2_000)
    assert found is not None
    z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
    assert found == pytest.approx(z * math.sqrt((0.5 + found) / 2_000), rel=0.03)


@pytest.mark.parametrize(("n", "candidates", "shown"), [(5, 1, False), (6, 1, True), (7, 3, True)])
def test_so_few_that_not_even_all_answers_would_show_it_detect_nothing(
    n: int, candidates: int, shown: bool
) -> None:
    """Of 5 the test gives 2 / 2^5 = 6% where all changed one way, of 6 3%; of 6 and three candidates 9%."""
    assert (detectable(flips(0, 0, n), n, candidates=candidates) is not None) == shown
    assert detectable(flips(0, 0, 6), 6, candidates=3) is None


def test_the_churn_of_flips_is_their_share_at_its_upper_limit() -> None:
    churn = flips(2, 1, 200)
    assert churn.size == 1.0
    exact = stats.binomtest(3, 200, alternative="less").proportion_ci(0.95, method="exact").high
    assert churn.upper == pytest.approx(exact)


def test_changes_of_any_size_are_taken_to_be_larger_than_the_few_that_were_seen() -> None:
    """Three of 200 summaries changed by 0.1: up to 63% of changes may be as large as any (0.05^(1/3))."""
    changes = np.array([0.1, -0.1, 0.1] + [0.0] * 197)
    churn = Churn.of(changes, 1.0)
    assert churn is not None
    larger = 1 - 0.05 ** (1 / 3)
    assert churn.size == pytest.approx(math.sqrt((1 - larger) * 0.01 + larger))
    spread = flips(2, 1, 200).upper * 0.01
    assert churn.upper * churn.size**2 == pytest.approx(spread)
    unbounded = Churn.of(changes)
    assert unbounded is not None
    assert unbounded.size == pytest.approx(0.1) and not unbounded.bounded


def test_where_nothing_changed_and_nothing_bounds_a_change_there_is_no_churn() -> None:
    assert Churn.of(np.zeros(10)) is None
    assert Churn.of(np.empty(0), 1.0) is None


@pytest.mark.parametrize(("churn", "gain"), [(0.02, 0.02), (0.08, 0.03), (0.3, 0.1), (0.5, 0.01)])
def test_as_many_as_are_needed_show_a_gain_in_80_percent(churn: float, gain: float) -> None:
    n = needed_to_show(Churn(1.0, churn, True), gain, 0.95)
    assert n is not None
    assert power(n, churn, gain, 0.95) >= 0.8 > power(int(n * 0.9), churn, gain, 0.95)


@pytest.mark.parametrize("gain", [0.0, -0.1, 1e-9])
def test_no_number_shows_a_gain_that_is_none(gain: float) -> None:
    assert needed_to_show(Churn(1.0, 0.1, True), gain, 0.95) is None


def test_what_is_needed_is_as_published() -> None:
    """Chow, Shao and Wang (2003), example 3.1.4: a margin one standard deviation away, at 5% one-sided
    and 80%, takes 7."""
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
    """0 of 100 changed: at most 3% did (1 - 0.05^(1/100)), and 6% are lost besides."""
    share = 1 - 0.05 ** (1 / 100) + 0.06
    assert flips(0, 0, 100).spread_if_lost(0.06) == pytest.approx(math.sqrt(share - 0.06**2))


def test_no_more_than_all_answers_change() -> None:
    assert flips(50, 50, 100).spread_if_lost(0.5) == pytest.approx(math.sqrt(1 - 0.25))
