"""Differences of percentiles of requests: bounds of both, put together."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.analysis.paired import compare_cells
from harness.analysis.percentiles import percentile
from harness.analysis.timed import of_percentiles, slowdown
from harness.metrics.registry import METRICS
from harness.metrics.statistic import FloatArray
from harness.records import Sample

MEDIAN = METRICS["latency_seconds"]


def requests(latencies: FloatArray) -> list[Sample]:
    found = []
    for number, took in enumerate(latencies):
        data = {
            "level": 0, "number": number, "due": 0.0, "sent": 0.0, "ended": float(took),
            "pieces": [float(took)], "new_tokens": 1, "prompt_tokens": None, "error": "",
        }  # fmt: skip
        found.append(Sample(key="k", index=number, id=f"request {number}", data=data))
    return found


def drawn(seed: int, median: float, n: int = 200) -> FloatArray:
    return np.random.default_rng(seed).lognormal(math.log(median), 0.5, n)


def test_bounds_are_those_of_zou_and_donner() -> None:
    before, after = drawn(1, 1.0), drawn(2, 2.0)
    one, other = percentile(before, 0.5), percentile(after, 0.5)
    assert None not in (one.value, one.low, one.high, other.value, other.low, other.high)
    values = [
        float(v or 0) for v in (one.value, one.low, one.high, other.value, other.low, other.high)
    ]
    a, a_low, a_high, b, b_low, b_high = values
    found = of_percentiles(MEDIAN, requests(before), requests(after), 0.95)
    assert found is not None and found.delta == pytest.approx(b - a)
    low = (b - a) - math.sqrt((b - b_low) ** 2 + (a_high - a) ** 2)
    high = (b - a) + math.sqrt((b_high - b) ** 2 + (a - a_low) ** 2)
    assert (found.two_sided.low, found.two_sided.high) == pytest.approx((low, high))


def test_bounds_hold_the_difference_as_often_as_they_say() -> None:
    held = 0
    for seed in range(300):
        pair = requests(drawn(2 * seed, 1.0)), requests(drawn(2 * seed + 1, 1.3))
        found = of_percentiles(MEDIAN, *pair, 0.95)
        assert found is not None
        low, high = found.two_sided.low, found.two_sided.high
        held += low is not None and high is not None and low <= 0.3 <= high
    assert held / 300 >= 0.93


def test_a_comparison_has_the_difference_and_how_many_times_as_fast() -> None:
    found = compare_cells(MEDIAN, requests(drawn(3, 1.0)), requests(drawn(4, 2.0)), seed=0)
    assert found.low is not None and found.low > 0 and found.n == 200 and found.p is None
    assert found.ratio == pytest.approx(0.5, rel=0.15)
    times = [of for of in (found.ratio_low, found.ratio, found.ratio_high) if of is not None]
    assert len(times) == 3 and times == sorted(times) and times[-1] < 1


def test_a_slowdown_is_above_zero_where_waits_are_longer() -> None:
    found = slowdown(MEDIAN, requests(drawn(5, 1.0)), requests(drawn(6, 2.0)))
    assert found is not None and found.delta == pytest.approx(math.log(2), rel=0.2)
    assert found.one_sided.low is not None and found.two_sided.low is not None
    assert found.two_sided.low < found.one_sided.low < found.delta


def test_of_too_few_requests_there_are_no_bounds() -> None:
    found = compare_cells(MEDIAN, requests(drawn(7, 1.0, 4)), requests(drawn(8, 2.0, 4)), seed=0)
    assert found.delta is not None and found.low is None and found.ratio_low is None
