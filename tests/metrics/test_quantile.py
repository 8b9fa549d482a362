"""A quantile of resampled documents against the same quantile of documents that are repeated."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.metrics.quantile import PooledQuantile

# Few different values, so that many are equal; levels that no weight reaches exactly, so that the
# answer does not hang on how 0.7 x 10 is rounded.
lists = st.lists(
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.5]), max_size=9), min_size=1, max_size=6
)


@given(lists, st.sampled_from([0.013, 0.503, 0.987]), st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_weights_are_how_often_a_document_stands_in_the_pool(
    documents: list[list[float]], level: float, random: object
) -> None:
    rng = np.random.default_rng(random.getrandbits(32))  # type: ignore[attr-defined]
    weights = rng.integers(0, 4, (5, len(documents)))
    found = PooledQuantile.of(documents, level)(weights.astype(np.float64))
    for row, figure in zip(weights, found, strict=True):
        pool = [v for count, values in zip(row, documents, strict=True) for v in values * count]
        if not pool:
            assert np.isnan(figure)
        else:
            assert figure == np.quantile(pool, level, method="inverted_cdf")


@pytest.mark.parametrize("level", [0.01, 0.5, 0.99, 1.0])
def test_many_tokens_in_many_bins_give_the_quantile_of_all(level: float) -> None:
    rng = np.random.default_rng(3)
    documents = [rng.exponential(1.0, rng.integers(1, 80)).tolist() for _ in range(120)]
    pooled = [value for document in documents for value in document]
    found = PooledQuantile.of(documents, level)(np.ones((1, len(documents))))
    assert found[0] == np.quantile(pooled, level, method="inverted_cdf")


def test_an_even_number_of_values_takes_the_lower_of_the_two_in_the_middle() -> None:
    assert PooledQuantile.of([[4.0, 1.0], [3.0, 2.0]], 0.5)(np.ones((1, 2))).tolist() == [2.0]
