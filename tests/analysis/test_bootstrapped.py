from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import special, stats

from harness.analysis.bootstrapped import (
    Spread,
    bca_levels,
    bootstrap_interval,
    resampled,
    small_sample_levels,
)
from harness.analysis.intervals import Interval
from harness.analysis.resampling import DifferenceStatistic, bootstrap, jackknife
from harness.metrics.quantile import PooledQuantile
from harness.metrics.statistic import FloatArray, SumStatistic

LEVELS = np.array([0.025, 0.975])


def mean_of(values: FloatArray) -> SumStatistic:
    columns = np.column_stack([values, np.ones(len(values))])
    return SumStatistic(columns, lambda sums: sums[:, 0] / sums[:, 1])


@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_bca_agrees_with_scipy_on_the_same_resamples(confidence: float) -> None:
    rng = np.random.default_rng(1)
    values = rng.lognormal(size=40)
    statistic = mean_of(values)
    distribution = bootstrap(statistic, rng, 4_000)

    class Drawn:
        bootstrap_distribution = distribution

    reference = stats.bootstrap(
        (values,),
        np.mean,
        n_resamples=0,
        method="BCa",
        confidence_level=confidence,
        bootstrap_result=Drawn(),  # type: ignore[call-overload]
    ).confidence_interval
    levels = np.array([(1 - confidence) / 2, (1 + confidence) / 2])
    levels = bca_levels(levels, distribution, float(values.mean()), jackknife(statistic))
    low, high = np.quantile(distribution, levels)
    assert low == pytest.approx(reference.low, rel=1e-12)
    assert high == pytest.approx(reference.high, rel=1e-12)


def test_levels_far_out_do_not_turn_back() -> None:
    """Beyond a z of 1 / acceleration the formula changes its sign."""
    rng = np.random.default_rng(0)
    left_out = np.array([0.0] * 30 + [1.0])
    levels = bca_levels(np.array([0.0, 1e-300, 0.5, 1.0]), rng.normal(size=999), 0.0, left_out)
    assert np.all(np.diff(levels) >= 0)
    assert levels[0] == levels[1] == 0


@pytest.mark.parametrize("n", [10, 50, 200])
def test_levels_of_a_mean_are_widened_as_hesterberg_has_it(n: int) -> None:
    """Two values in equal parts: a kurtosis of 1, so that no degree of freedom is lost."""
    values = np.tile([0.0, 1.0], n // 2)
    drawn = np.random.default_rng(0).normal(size=500)
    drawn *= 0.5 / np.sqrt(n) / drawn.std()
    found = small_sample_levels(LEVELS, drawn, Spread.of(jackknife(mean_of(values))))
    expected = stats.norm.cdf(stats.t.ppf(LEVELS, n - 1) * np.sqrt(n / (n - 1)))
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_figure_that_few_documents_make_has_few_degrees_of_freedom() -> None:
    """Satterthwaite by simulation: 2 E(v)^2 / Var(v) of the sample variance."""
    rng = np.random.default_rng(1)
    n, population = 2_000, rng.exponential(size=2_000)
    variances = rng.choice(population, (20_000, n)).var(axis=1, ddof=1)
    freedom = 2 * variances.mean() ** 2 / variances.var()
    drawn = rng.normal(size=500)
    drawn *= population.std(ddof=1) / np.sqrt(n) / drawn.std()
    far = np.array([1e-6])
    found = small_sample_levels(far, drawn, Spread.of(jackknife(mean_of(population))))
    expected = stats.norm.cdf(stats.t.ppf(far, freedom))
    assert special.ndtri(found) == pytest.approx(special.ndtri(expected), rel=2e-3)
    assert freedom < n / 3


def test_an_interval_widens_by_less_than_a_percent_at_a_thousand_documents() -> None:
    values = np.random.default_rng(2).normal(size=1_000)
    statistic = mean_of(values)
    distribution = bootstrap(statistic, np.random.default_rng(3), 2_000)
    left_out = jackknife(statistic)
    interval = bootstrap_interval(statistic, distribution, 0.95)
    plain = np.quantile(distribution, bca_levels(LEVELS, distribution, values.mean(), left_out))
    assert interval.low is not None and interval.high is not None
    assert 1.0 < (interval.high - interval.low) / np.ptp(plain) < 1.02


def test_one_document_has_no_interval() -> None:
    none = Interval(None, None)
    assert resampled(mean_of(np.array([1.0])), np.random.default_rng(0)) == none
    assert resampled(PooledQuantile.of([[1.0, 2.0]], 0.5), np.random.default_rng(0)) == none


def test_two_documents_have_an_interval_between_them() -> None:
    interval = resampled(mean_of(np.array([1.0, 3.0])), np.random.default_rng(0))
    assert interval == Interval(1.0, 3.0, "few")


def test_equal_scores_give_an_interval_of_no_width() -> None:
    interval = resampled(mean_of(np.full(30, 0.1)), np.random.default_rng(0))
    assert interval.low == interval.high == pytest.approx(0.1)


def test_the_bootstrap_spread_is_the_standard_error_and_no_smaller() -> None:
    """Against dividing by the square root of the number of resamples, once too often."""
    values = np.random.default_rng(2).normal(size=100)
    distribution = bootstrap(mean_of(values), np.random.default_rng(3), 10_000)
    assert distribution.std() == pytest.approx(values.std() / 10, rel=0.03)


def test_a_median_of_independent_values_lies_where_the_binomial_says() -> None:
    """Woodruff's bounds are then the order statistics around level +- t sqrt(p (1 - p) / n)."""
    n = 1_001
    values = [[float(position)] for position in range(n)]
    interval = resampled(PooledQuantile.of(values, 0.5), np.random.default_rng(0))
    half = stats.t.ppf(0.975, n - 1) * np.sqrt(n) / 2
    assert interval.low == pytest.approx(n / 2 - half, abs=2)
    assert interval.high == pytest.approx(n / 2 + half, abs=2)


documents = st.lists(
    st.lists(st.sampled_from([0.0, 0.1, 0.5, 1.0, 2.0, 4.0]), min_size=1, max_size=6),
    min_size=2,
    max_size=12,
)


BETWEEN_TWO_VALUES = [
    [0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.1, 0.1], [0.0, 0.0, 0.0, 0.0, 0.0, 0.1], [0.1],
    [0.0, 0.0, 0.1], [0.0, 0.0, 0.1, 0.1, 0.1, 0.1], [0.0, 0.0, 0.0, 0.1],
    [0.0, 0.0, 0.0, 0.0, 0.1, 0.1], [0.0, 0.0], [0.0, 0.1], [0.0, 0.1, 0.1], [0.0],
]  # fmt: skip
"""A bound is just where the values change, but for rounding."""


@given(documents, st.sampled_from([0.5, 0.7]))
@example(BETWEEN_TWO_VALUES, 0.5)
@settings(max_examples=40)
def test_a_document_said_seven_times_over_knows_no_more(
    lists: list[list[float]], level: float
) -> None:
    once = PooledQuantile.of(lists, level)
    often = PooledQuantile.of([values * 7 for values in lists], level)
    rngs = np.random.default_rng(0), np.random.default_rng(0)
    assert resampled(once, rngs[0], resamples=200) == resampled(often, rngs[1], resamples=200)


def test_bounds_of_a_quantile_follow_a_change_of_scale() -> None:
    rng = np.random.default_rng(4)
    lists = [rng.normal(size=20).tolist() for _ in range(60)]
    plain = resampled(PooledQuantile.of(lists, 0.9), np.random.default_rng(0))
    scaled = PooledQuantile.of([np.exp(values).tolist() for values in lists], 0.9)
    found = resampled(scaled, np.random.default_rng(0))
    assert plain.low is not None and plain.high is not None
    assert found.low == pytest.approx(np.exp(plain.low))
    assert found.high == pytest.approx(np.exp(plain.high))


def test_a_far_quantile_of_too_few_values_has_no_interval() -> None:
    lists = [[float(position), position + 0.5] for position in range(60)]
    rng = np.random.default_rng(0)
    assert resampled(PooledQuantile.of(lists, 0.99), rng) == Interval(None, None)


def test_a_quantile_of_equal_values_has_no_width() -> None:
    found = resampled(PooledQuantile.of([[0.0] * 3] * 20, 0.99), np.random.default_rng(0))
    assert found == Interval(0.0, 0.0, "alike")


@pytest.mark.parametrize(("documents", "few"), [(99, "few"), (100, None)])
def test_of_few_documents_an_interval_is_said_to_be_approximate(
    documents: int, few: str | None
) -> None:
    values = np.random.default_rng(0).normal(size=documents)
    assert resampled(mean_of(values), np.random.default_rng(0)).approximate == few


def test_an_interval_that_few_documents_make_is_said_to_be_approximate() -> None:
    values = np.array([0.0] * 196 + [0.3, 0.5, 0.6, 1.0])
    assert resampled(mean_of(values), np.random.default_rng(0)).approximate == "uneven"


def test_a_difference_of_few_changed_answers_holds_students_interval() -> None:
    """Three of 200 summaries changed: scipy's t at Satterthwaite's degrees of freedom."""
    changes = np.array([0.0] * 197 + [-0.3, -0.2, 0.1])
    pair = DifferenceStatistic(mean_of(np.full(200, 0.5)), mean_of(0.5 + changes))
    found = bootstrap_interval(pair, bootstrap(pair, np.random.default_rng(0), 2_000), 0.95)
    kurtosis = float(stats.kurtosis(changes, fisher=False))
    freedom = 2 / ((kurtosis - 3) / 200 + 2 / 199)
    student = stats.t.interval(0.95, freedom, changes.mean(), stats.sem(changes))
    assert found.low is not None and found.high is not None
    assert found.low <= student[0] + 1e-12 and student[1] - 1e-12 <= found.high
    assert found.low < 0 < found.high
