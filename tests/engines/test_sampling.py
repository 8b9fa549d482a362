"""What is drawn, against closed forms and against Transformers' own processors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from harness.engines.protocol import LogProbs, Sampling
from harness.engines.sampling import Sampler, candidates, punished

HALVES = np.log(np.array([0.5, 0.25, 0.125, 0.0625, 0.0625], np.float32))
DRAWS = 20_000


def shares(logits: LogProbs, sampling: Sampling) -> dict[int, float]:
    found = candidates(logits, sampling)
    return dict(zip(found.ids.tolist(), found.probabilities.tolist(), strict=True))


def drawn(logits: LogProbs, sampling: Sampling, prompt: tuple[int, ...] = ()) -> list[int]:
    """How often each token is drawn, each draw as the first of a text."""
    counts = [0] * len(logits)
    for seed in range(DRAWS):
        counts[Sampler(Sampling(**{**vars(sampling), "seed": seed}), prompt).draw(logits)] += 1
    return counts


def test_a_temperature_raises_probabilities_to_its_inverse() -> None:
    powers = np.array([0.5, 0.25, 0.125, 0.0625, 0.0625]) ** 2
    expected = powers / powers.sum()
    assert list(shares(HALVES, Sampling(0.5)).values()) == pytest.approx(list(expected))
    assert list(shares(HALVES, Sampling(1.0)).values()) == pytest.approx(
        [0.5, 0.25, 0.125, 0.0625, 0.0625]
    )


def test_top_k_leaves_so_many_of_the_likeliest_of_equals_the_first() -> None:
    assert shares(HALVES, Sampling(1.0, top_k=2)) == pytest.approx({0: 2 / 3, 1: 1 / 3})
    assert set(shares(HALVES, Sampling(1.0, top_k=4))) == {0, 1, 2, 3}
    assert len(shares(HALVES, Sampling(1.0, top_k=99))) == 5


def test_the_nucleus_is_the_fewest_tokens_that_have_the_share() -> None:
    assert shares(HALVES, Sampling(1.0, top_p=0.5)) == pytest.approx({0: 1.0})
    assert shares(HALVES, Sampling(1.0, top_p=0.51)) == pytest.approx({0: 2 / 3, 1: 1 / 3})
    assert set(shares(HALVES, Sampling(1.0, top_p=0.9))) == {0, 1, 2, 3}
    assert shares(HALVES, Sampling(1.0, top_p=1e-9)) == pytest.approx({0: 1.0})


def test_the_penalty_divides_what_is_positive_and_multiplies_what_is_negative() -> None:
    logits = np.array([2.0, -2.0, 1.0, 0.0], np.float32)
    assert punished(logits, 2.0, {0, 1, 3}).tolist() == [1.0, -4.0, 1.0, 0.0]
    assert logits.tolist() == [2.0, -2.0, 1.0, 0.0]
    sampler = Sampler(Sampling(repetition_penalty=4.0), ())
    assert [sampler.draw(logits) for _ in range(3)] == [0, 2, 0]


def test_at_temperature_0_the_likeliest_is_taken_whatever_else_is_set() -> None:
    assert {Sampler(Sampling(0.0, 0.1, 3, 1.0, seed), ()).draw(HALVES) for seed in range(9)} == {0}


def test_a_seed_gives_the_same_text_again_and_another_one_another() -> None:
    def text(seed: int) -> list[int]:
        sampler = Sampler(Sampling(1.0, seed=seed), ())
        return [sampler.draw(HALVES) for _ in range(40)]

    assert text(1) == text(1) != text(2)


@pytest.mark.parametrize(
    ("sampling", "prompt", "expected"),
    [
        (Sampling(1.0), (), [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 16]),
        (Sampling(1.0, top_k=3), (), [4 / 7, 2 / 7, 1 / 7, 0, 0]),
        (Sampling(1.0, top_p=0.7), (), [2 / 3, 1 / 3, 0, 0, 0]),
        # Seen twice as unlikely as its logit says: 0.5 squared is 0.25.
        (Sampling(1.0, repetition_penalty=2.0), (0,), [1 / 3, 1 / 3, 1 / 6, 1 / 12, 1 / 12]),
    ],
)
def test_what_is_drawn_has_the_distribution(
    sampling: Sampling, prompt: tuple[int, ...], expected: list[float]
) -> None:
    counts = drawn(HALVES, sampling, prompt)
    assert [count for count, share in zip(counts, expected, strict=True) if not share] == [
        0 for share in expected if not share
    ]
    likely = [(count, share) for count, share in zip(counts, expected, strict=True) if share]
    observed, shares = zip(*likely, strict=True)
    assert stats.chisquare(observed, [share * DRAWS for share in shares]).pvalue > 1e-4


@given(
    seed=st.integers(0, 2**32 - 1),
    temperature=st.floats(0.1, 3.0),
    top_k=st.integers(1, 60),
    top_p=st.floats(0.05, 0.99),
    penalty=st.floats(0.5, 2.0),
)
def test_transformers_keeps_the_same_tokens_with_the_same_probabilities(
    seed: int, temperature: float, top_k: int, top_p: float, penalty: float
) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(scale=3, size=50).astype(np.float32)
    seen = random.integers(50, size=7).tolist()
    processors = LogitsProcessorList(
        [
            RepetitionPenaltyLogitsProcessor(penalty),
            TemperatureLogitsWarper(temperature),
            TopKLogitsWarper(min(top_k, 50)),
            TopPLogitsWarper(top_p),
        ]
    )
    warped = processors(torch.tensor([seen]), torch.tensor(logits)[None].double())
    expected = warped[0].softmax(-1).numpy()
    found = shares(
        punished(logits, penalty, set(seen)), Sampling(temperature, top_p, top_k, penalty)
    )
    ours = np.array([found.get(token, 0.0) for token in range(50)])
    at_the_edge = np.abs(np.cumsum(np.sort(expected)[::-1]) - top_p).min() < 1e-6
    if not at_the_edge:
        np.testing.assert_allclose(ours, expected, atol=1e-5)
