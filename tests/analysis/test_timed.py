from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.analysis.intervals import Interval
from harness.analysis.timed import Welch, rounds_of, slowdown, welch
from harness.metrics.registry import METRICS
from tests.analysis.samples import timed

BEFORE, AFTER = [[100.0, 104.0], [96.0], [103.0, 101.0]], [[80.0], [90.0, 84.0], [83.0]]
rounds = st.lists(st.floats(50, 150), min_size=2, max_size=12, unique=True)


@given(rounds, rounds, st.sampled_from([0.8, 0.95, 0.99]))
def test_welch_agrees_with_scipy(before: list[float], after: list[float], level: float) -> None:
    found = welch(np.array(before), np.array(after), level, float(np.mean(after) - np.mean(before)))
    reference = stats.ttest_ind(after, before, equal_var=False)
    both = reference.confidence_interval(level)
    one = reference.confidence_interval(2 * level - 1)
    assert found.p == pytest.approx(reference.pvalue)
    assert (found.two_sided.low, found.two_sided.high) == pytest.approx((both.low, both.high))
    assert (found.one_sided.low, found.one_sided.high) == pytest.approx((one.low, one.high))


def test_the_spread_is_that_of_one_unit() -> None:
    before, after = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 9.0])
    error = math.sqrt(before.var(ddof=1) / 3 + after.var(ddof=1) / 3)
    found = welch(before, after, 0.95, 3.0)
    assert found.spread == pytest.approx(error * math.sqrt(3))
    assert found.n == 3


def test_one_round_of_either_has_no_interval() -> None:
    assert welch(np.array([1.0]), np.array([1.0, 2.0]), 0.95, 0.5) == Welch(0.5, n=1)


@pytest.mark.parametrize(("delta", "p"), [(0.0, 1.0), (1.0, 0.0)])
def test_rounds_that_never_differ_have_an_interval_of_no_width(delta: float, p: float) -> None:
    before = np.array([2.0, 2.0])
    found = welch(before, before + delta, 0.95, delta)
    assert found.two_sided == found.one_sided == Interval(delta, delta, "alike")
    assert found.p == p


def test_a_rate_has_a_mean_and_a_wait_a_median_a_round() -> None:
    samples = timed(*BEFORE)
    rates = rounds_of(METRICS["decode_tokens_per_second"], samples)
    assert rates.tolist() == pytest.approx([102.0, 96.0, 102.0])
    waits = rounds_of(METRICS["itl_seconds"], samples)
    # sampling takes a tenth of a pass besides; a round's waits are those of all its repetitions
    assert waits.tolist() == pytest.approx(
        [1.1 * (1 / 100 + 1 / 104) / 2, 1.1 / 96, 1.1 * (1 / 103 + 1 / 101) / 2]
    )


def test_a_slowdown_is_welch_on_the_logarithms_of_rounds() -> None:
    found = slowdown(METRICS["decode_tokens_per_second"], timed(*BEFORE), timed(*AFTER))
    assert found is not None
    before, after = np.log([102.0, 96.0, 102.0]), np.log([80.0, 87.0, 83.0])
    reference = stats.ttest_ind(before, after, equal_var=False)
    half = np.ptp(reference.confidence_interval(0.95)) / 2
    ratio = np.mean([100.0, 104.0, 96.0, 103.0, 101.0]) / np.mean([80.0, 90.0, 84.0, 83.0])
    assert math.exp(found.delta) == pytest.approx(ratio)
    assert found.two_sided.low == pytest.approx(math.log(ratio) - half)
    assert found.two_sided.high == pytest.approx(math.log(ratio) + half)


@pytest.mark.parametrize("metric", ["decode_tokens_per_second", "itl_seconds"])
def test_slower_is_above_zero_for_rates_and_for_waits(metric: str) -> None:
    slow = slowdown(METRICS[metric], timed(*BEFORE), timed(*AFTER))
    fast = slowdown(METRICS[metric], timed(*AFTER), timed(*BEFORE))
    assert slow is not None and fast is not None
    assert slow.delta > 0 > fast.delta
    assert slow.delta == pytest.approx(-fast.delta)
    assert slow.p == pytest.approx(fast.p)


def test_a_percentile_of_waits_has_a_ratio_and_no_interval() -> None:
    found = slowdown(METRICS["itl_p99_seconds"], timed(*BEFORE), timed(*AFTER))
    assert found is not None
    assert math.exp(found.delta) == pytest.approx(96 / 80)
    assert found.two_sided == Interval(None, None)


def test_what_was_not_timed_has_no_slowdown() -> None:
    assert slowdown(METRICS["itl_seconds"], timed(*BEFORE), []) is None
