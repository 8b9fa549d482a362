"""Shares of votes with their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from harness.analysis.preferences import preferences
from harness.records import PreferencePair, Vote
from tests.results.votes_made import vote

PAIR = ("base", "tuned")


def split(first: int, second: int, voters: int = 1) -> list[Vote]:
    """So many votes for either, from as many voters in turn."""
    choices = [0] * first + [1] * second
    return [vote(PAIR, choice, f"v{place % voters}") for place, choice in enumerate(choices)]


def only_pair(votes: list[Vote]) -> PreferencePair:
    (pair,) = preferences(votes, PAIR).pairs
    return pair


@given(st.integers(0, 40), st.integers(0, 40))
def test_a_share_has_the_exact_interval_and_p_of_a_proportion(first: int, second: int) -> None:
    if first + second == 0:
        return
    pair = only_pair(split(first, second))
    expected = binomtest(first, first + second)
    ends = expected.proportion_ci(method="exact")
    assert pair.share.value == first / (first + second)
    assert pair.share.low == pytest.approx(ends.low, abs=1e-9)
    assert pair.share.high == pytest.approx(ends.high, abs=1e-9)
    assert pair.p == pytest.approx(expected.pvalue, abs=1e-9)


def test_ties_stand_apart_and_are_no_part_of_the_share() -> None:
    votes = [*split(3, 1), *(vote(PAIR, "both good") for _ in range(5)), vote(PAIR, "both bad")]
    pair = only_pair(votes)
    assert (pair.both_good, pair.both_bad) == (5, 1)
    assert (pair.share.value, pair.share.n) == (0.75, 4)


def test_it_does_not_matter_on_which_side_a_model_stood() -> None:
    turned = [vote(PAIR[::-1], 1), vote(PAIR, 0), vote(PAIR[::-1], 0)]
    pair = only_pair(turned)
    assert (pair.first_preferred, pair.second_preferred) == (2, 1)


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        (5, 0, "too few"),  # 2 / 2^5 is 0.0625
        (6, 0, "first"),
        (0, 6, "second"),
        (1, 5, "inconclusive"),
        (0, 0, "too few"),
    ],
)
def test_too_few_votes_are_told_from_votes_that_disagree(
    first: int, second: int, outcome: str
) -> None:
    votes = split(first, second) or [vote(PAIR, "both good")]
    assert only_pair(votes).outcome == outcome


def test_more_pairs_want_more_votes() -> None:
    models = ("a", "b", "c")
    votes = [vote(("a", "b"), 0) for _ in range(6)]
    votes += [vote(("b", "c"), place % 2) for place in range(6)]
    found = preferences(votes, models)
    assert [(pair.p_adjusted, pair.outcome) for pair in found.pairs] == [
        (2 * 2 / 2**6, "too few"),
        (1.0, "too few"),
    ]


def test_of_three_answers_a_vote_says_nothing_of_the_two_that_lost() -> None:
    found = preferences([vote(("a", "b", "c"), 0)] * 3, ("a", "b", "c"))
    assert [(p.first, p.second, p.first_preferred) for p in found.pairs] == [
        ("a", "b", 3),
        ("a", "c", 3),
    ]


def test_the_side_is_held_against_chance() -> None:
    votes = [vote(PAIR if place % 2 else PAIR[::-1], 0) for place in range(20)]
    found = preferences(votes, PAIR)
    assert only_pair(votes).outcome == "inconclusive"
    assert (found.left, found.sides) == (20, 20)
    assert found.left_p == pytest.approx(2 / 2**20)


def test_many_votes_of_few_voters_are_taken_as_theirs_alone() -> None:
    found = preferences(split(15, 5, voters=4), PAIR)
    assert not found.by_voter and found.voters == 4
    assert found.pairs[0].share.low == pytest.approx(
        binomtest(15, 20).proportion_ci(method="exact").low, abs=1e-9
    )


def test_voters_who_each_vote_once_are_independent() -> None:
    found = preferences(split(15, 5, voters=20), PAIR)
    assert found.by_voter
    assert found.pairs[0].share.low == pytest.approx(
        binomtest(15, 20).proportion_ci(method="exact").low, abs=1e-9
    )


def test_voters_who_never_change_their_minds_count_about_once_each() -> None:
    votes = [vote(PAIR, int(voter >= 7), f"v{voter}") for voter in range(10) for _ in range(30)]
    once = [vote(PAIR, int(voter >= 7), f"v{voter}") for voter in range(10)]
    many, few = only_pair(votes).share, only_pair(once).share
    assert many.low is not None and few.low is not None and many.high and few.high
    assert 0.8 * (few.high - few.low) < many.high - many.low < 1.3 * (few.high - few.low)


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_intervals_hold_the_share_of_voters_who_differ(spread: float) -> None:
    """Twelve voters with eight votes each, whose own shares vary about 0.7."""
    rng, held, times = np.random.default_rng(1), 0, 400
    logits = np.random.default_rng(0).normal(0.85, spread, 100_000)
    truth = float((1 / (1 + np.exp(-logits))).mean())
    for _ in range(times):
        own = 1 / (1 + np.exp(-rng.normal(0.85, spread, 12)))
        chosen = rng.binomial(8, own)
        votes = [
            vote(PAIR, int(place >= chosen[voter]), f"v{voter}")
            for voter in range(12)
            for place in range(8)
        ]
        share = only_pair(votes).share
        assert share.low is not None and share.high is not None
        held += share.low <= truth <= share.high
    assert held / times > 0.94
