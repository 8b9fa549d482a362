"""Percentiles of requests that follow each other: against numpy, tables, and worlds of known truth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.analysis.percentiles import Events, correlation_time, mean, percentile, too_few
from harness.metrics.statistic import FloatArray

LEVELS = (0.5, 0.9, 0.99)


@given(st.lists(st.floats(0, 1e3), min_size=1, max_size=60), st.sampled_from(LEVELS))
def test_a_percentile_is_that_of_numpy_and_lies_within_its_bounds(
    values: list[float], level: float
) -> None:
    found = percentile(np.array(values), level)
    assert found.value == np.quantile(values, level, method="inverted_cdf")
    assert found.n == len(values)
    if found.low is not None and found.high is not None:
        assert min(values) <= found.low <= (found.value or 0.0) <= found.high <= max(values)


def spread_out(n: int) -> FloatArray:
    """1 to n in an order in which neighbours are never alike (multiples of the golden ratio)."""
    return (np.argsort(np.argsort(np.arange(n) * 0.6180339887498949 % 1)) + 1).astype(np.float64)


def test_bounds_of_independent_values_are_the_order_statistics_of_the_tables() -> None:
    # 95% bounds of the median of 100: the 40th and the 61st value (Hahn and Meeker, 1991)
    found = percentile(spread_out(100), 0.5)
    assert (found.low, found.high, found.approximate) == (40.0, 61.0, None)


@pytest.mark.parametrize(("level", "least"), [(0.5, 6), (0.9, 36), (0.99, 368)])
def test_too_few_values_have_no_bounds(level: float, least: int) -> None:
    assert percentile(spread_out(least - 1), level).low is None
    assert percentile(spread_out(least), level).high == least


def test_a_percentile_that_is_the_largest_value_is_said_to_be_of_too_few() -> None:
    assert too_few(99, 0.99) and not too_few(100, 0.99)
    assert too_few(9, 0.9) and not too_few(10, 0.9) and not too_few(2, 0.5)


def autoregressive(rng: np.random.Generator, n: int, phi: float) -> FloatArray:
    found = np.empty(n + 200)
    found[0] = 0.0
    for place, noise in enumerate(rng.normal(size=n + 199), start=1):
        found[place] = phi * found[place - 1] + noise
    return found[200:]


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.8])
def test_the_correlation_time_is_that_of_a_known_process(phi: float) -> None:
    found = correlation_time(autoregressive(np.random.default_rng(1), 200_000, phi))
    assert found == pytest.approx((1 + phi) / (1 - phi), rel=0.1)


def coverage(
    world: Callable[[np.random.Generator], FloatArray], true: float, level: float
) -> tuple[float, float]:
    """How often bounds hold the truth, as they are, and as if values were independent."""
    rng, held, naive = np.random.default_rng(3), 0, 0
    for _ in range(300):
        values = world(rng)
        found = percentile(values, level)
        held += found.low is not None and found.low <= true <= (found.high or 0.0)
        shuffled = percentile(rng.permutation(values), level)
        naive += shuffled.low is not None and shuffled.low <= true <= (shuffled.high or 0.0)
    return held / 300, naive / 300


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_bounds_of_independent_waits_hold_as_often_as_they_say(level: float) -> None:
    held, _ = coverage(lambda rng: rng.exponential(1.0, 200), -np.log(1 - level), level)
    assert held >= 0.93


def test_bounds_of_neighbours_that_are_alike_hold_where_those_of_a_shuffled_series_do_not() -> None:
    scale = np.sqrt(1 / (1 - 0.8**2))
    true = float(stats.norm.ppf(0.9) * scale)
    held, naive = coverage(lambda rng: autoregressive(rng, 2_000, 0.8), true, 0.9)
    assert held >= 0.93 > 0.85 > naive


def test_a_short_series_of_neighbours_that_are_alike_is_marked() -> None:
    rng = np.random.default_rng(4)
    assert percentile(autoregressive(rng, 300, 0.8), 0.5).approximate == "queued"
    assert percentile(autoregressive(rng, 300, 0.0), 0.5).approximate is None


def test_a_mean_has_its_interval_over_batches() -> None:
    values = np.arange(100.0)
    batches = values.reshape(10, 10).mean(axis=1)
    found = mean(values)
    half = stats.t.ppf(0.975, 9) * batches.std(ddof=1) / np.sqrt(10)
    assert found.value == pytest.approx(49.5)
    assert found.low == pytest.approx(49.5 - half) and found.high == pytest.approx(49.5 + half)
    assert mean(values[:19]).low is None and mean(np.empty(0)).value is None


def test_a_rate_counts_what_happened_within_the_window() -> None:
    events = Events(np.array([0.5, 1.5, 2.5, 9.0]), np.array([1.0, 2.0, 3.0, 100.0]))
    assert events.rate(3.0).value == pytest.approx(2.0) and events.rate(3.0).n == 3
    assert events.rate(0.1).value is None


def test_a_steady_rate_is_sure_and_an_unsteady_one_is_not() -> None:
    steady = Events.of([0.05 + 0.1 * number for number in range(100)]).rate(10.0)
    assert steady.low == pytest.approx(10.0) == steady.high
    bursts = Events.of([0.001 * number for number in range(100)]).rate(10.0)
    assert bursts.low == 0.0 and (bursts.high or 0.0) > 20
