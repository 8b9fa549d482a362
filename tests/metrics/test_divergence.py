from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import entropy

from harness.analysis.resampling import observed
from harness.metrics.divergence import OF_PAIR, kl_divergence
from harness.metrics.registry import METRICS
from harness.records import Sample


def test_kl_divergence_is_that_of_scipy() -> None:
    random = np.random.default_rng(0)
    p, q = random.dirichlet(np.ones(9), 5), random.dirichlet(np.ones(9), 5)
    assert kl_divergence(np.log(p), np.log(q)) == pytest.approx(entropy(p, q, axis=1))
    assert kl_divergence(np.array([[0.0, -math.inf]]), np.log([[0.5, 0.5]])) == pytest.approx(
        math.log(2)
    )


def test_the_largest_divergence_is_of_the_documents_that_count() -> None:
    samples = [
        Sample(key="k", index=index, id=str(index), data={"kl": values})
        for index, values in enumerate([[0.1, 0.4], [], [0.9, 0.2]])
    ]
    largest = METRICS["kl_max"].statistic(samples)
    assert observed(largest) == 0.9
    assert largest(np.array([[1.0, 1.0, 0.0]])) == [0.4]
    assert np.isnan(largest(np.array([[0.0, 1.0, 0.0]]))).all()


def test_what_is_said_of_a_pair_leaves_out_what_is_said_of_a_model_alone() -> None:
    alone = set(METRICS[name].name for name in ("perplexity", "bits_per_byte"))
    assert {metric.name for metric in OF_PAIR}.isdisjoint(alone)
    assert "perplexity_ratio" in {metric.name for metric in OF_PAIR}
