from __future__ import annotations

import itertools

import numpy as np
import pytest

from harness.analysis.resampling import (
    DifferenceStatistic,
    bootstrap,
    jackknife,
    observed,
    swapped_differences,
)
from harness.metrics.quantile import PooledQuantile
from harness.metrics.statistic import SumStatistic


def ratio(numerators: list[float], denominators: list[float]) -> SumStatistic:
    return SumStatistic(
        np.column_stack([numerators, denominators]), lambda sums: sums[:, 0] / sums[:, 1]
    )


def test_the_jackknife_leaves_each_document_out_once() -> None:
    tops, bottoms = [1.0, 5.0, 2.0, 8.0], [2.0, 3.0, 1.0, 4.0]
    expected = [
        (sum(tops) - top) / (sum(bottoms) - bottom)
        for top, bottom in zip(tops, bottoms, strict=True)
    ]
    assert jackknife(ratio(tops, bottoms)) == pytest.approx(expected)


def test_the_jackknife_of_sums_is_that_of_weights() -> None:
    rng = np.random.default_rng(0)
    before = ratio(rng.random(30).tolist(), rng.random(30).tolist())
    after = ratio(rng.random(30).tolist(), rng.random(30).tolist())
    both = DifferenceStatistic(before, after)
    assert jackknife(both) == pytest.approx(both(1 - np.eye(30)), abs=1e-12)


def test_a_quantile_is_jackknifed_by_weights() -> None:
    lists = [[3.0, 1.0], [2.0], [5.0, 4.0, 6.0]]
    found = jackknife(PooledQuantile.of(lists, 0.5))
    assert found.tolist() == [4.0, 4.0, 2.0]


def test_resamples_draw_as_many_documents_as_there_are() -> None:
    sizes = SumStatistic(np.ones((7, 1)), lambda sums: sums[:, 0])
    assert set(bootstrap(sizes, np.random.default_rng(0), 500)) == {7.0}


def test_bootstrap_of_three_documents_has_the_exact_distribution() -> None:
    """The mean of three draws from {0, 0, 1} is binomial (3, 1/3)."""
    means = bootstrap(ratio([0, 0, 1], [1, 1, 1]), np.random.default_rng(0), 40_000)
    shares = [np.mean(np.isclose(means, successes / 3)) for successes in range(4)]
    assert shares == pytest.approx([8 / 27, 12 / 27, 6 / 27, 1 / 27], abs=0.01)


def test_swapped_differences_are_the_sign_flips_of_a_mean() -> None:
    before, after = [0.1, 0.4, 0.8], [0.3, 0.35, 0.1]
    both = ratio(before + after, [1.0] * 6)
    seen = set(np.round(swapped_differences(both, np.random.default_rng(0), 500), 9))
    changes = np.array(after) - np.array(before)
    flips = {
        round(float(np.mean(changes * signs)), 9) for signs in itertools.product([1, -1], repeat=3)
    }
    assert seen == flips


def test_no_documents_have_no_figure() -> None:
    assert np.isnan(observed(ratio([], [])))
