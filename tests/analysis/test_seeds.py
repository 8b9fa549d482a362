"""Variance over seeds: Student's t for the mean difference, chi-squared for the deviation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.analysis.seeds import deviation_interval, seed_variance


def test_three_seeds_know_their_deviation_as_an_exponential_tells() -> None:
    # chi-squared with 2 degrees of freedom is exponential with mean 2
    found = deviation_interval(1.0, 3)
    assert found.low == pytest.approx(math.sqrt(-1 / math.log(0.025)))
    assert found.high == pytest.approx(math.sqrt(-1 / math.log(0.975)))


@pytest.mark.parametrize("seeds", [3, 5, 12])
def test_the_interval_holds_the_true_deviation_in_95_of_100_trials(seeds: int) -> None:
    rng = np.random.default_rng(0)
    trials = 4000
    deviations = rng.normal(0.0, 2.0, (trials, seeds)).std(axis=1, ddof=1)
    unit = deviation_interval(1.0, seeds)
    assert unit.low is not None and unit.high is not None
    held = np.mean((unit.low * deviations <= 2.0) & (unit.high * deviations >= 2.0))
    assert 0.935 <= held <= 0.965


def test_one_seed_knows_nothing_of_the_deviation() -> None:
    assert deviation_interval(0.0, 1).low is None
    assert seed_variance({0: 0.8}, 0.5) is None


def test_the_mean_difference_has_students_interval() -> None:
    found = seed_variance({2: 0.58, 0: 0.60, 1: 0.62}, 0.5)
    assert found is not None
    # t(0.975; 2) = 4.302653 (Student's table)
    half = 4.302653 * 0.02 / math.sqrt(3)
    assert found.deviation == pytest.approx(0.02)
    assert (found.delta, found.low, found.high) == pytest.approx((0.1, 0.1 - half, 0.1 + half))
    assert list(found.values) == ["0", "1", "2"]
