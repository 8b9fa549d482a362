"""Ratings by the model of Bradley and Terry."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from harness.analysis.ratings import rate
from harness.records import Vote
from tests.results.votes_made import vote

THREE = ("a", "b", "c")


def ratings(
    votes: list[Vote], models: tuple[str, ...] = THREE
) -> dict[str, tuple[float, float, float]]:
    found, unrated = rate(votes, models, False, 0.95)
    assert not unrated
    return {
        one.model: (one.rating.value or 0.0, one.rating.low or 0.0, one.rating.high or 0.0)
        for one in found
    }


def drawn(rng: np.random.Generator, strengths: dict[str, float], n: int) -> list[Vote]:
    """Votes on random pairs, as the model has them."""
    votes = []
    for place in range(n):
        pair = [str(name) for name in rng.choice(list(strengths), 2, replace=False)]
        odds = math.exp(strengths[pair[0]] - strengths[pair[1]])
        votes.append(vote(pair, int(rng.random() >= odds / (1 + odds)), f"v{place}"))
    return votes


def test_pairs_agree_with_a_logistic_regression() -> None:
    """scikit-learn's, without penalty, over differences of indicators; a tie is half of either."""
    votes = drawn(np.random.default_rng(0), {"a": 0.5, "b": 0.0, "c": -0.5, "d": 0.2}, 200)
    votes += [vote(("a", "c"), "both good"), vote(("b", "d"), "both bad")] * 10
    names = ("a", "b", "c", "d")
    rows, wins, weights = [], [], []
    for one in votes:
        row = np.zeros(4)
        row[[names.index(answer.model) for answer in one.answers]] = 1, -1
        for won in (0, 1):
            part = 0.5 if one.preferred is None else float(one.choice == won)
            rows.append(row)
            wins.append(won == 0)
            weights.append(part)
    model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=1000)
    model.fit(np.array(rows)[:, 1:], wins, weights)  # the first is the reference
    expected = np.concatenate([[0.0], model.coef_[0]])
    found = ratings(votes, names)
    assert [found[name][0] for name in names] == pytest.approx(expected - expected.mean(), abs=1e-4)


def test_three_side_by_side_have_the_logarithms_of_their_shares() -> None:
    votes = [vote(THREE, place) for place, times in enumerate((12, 6, 3)) for _ in range(times)]
    logs = np.log([12, 6, 3])
    found = ratings(votes)
    assert [found[name][0] for name in THREE] == pytest.approx(logs - logs.mean(), abs=1e-8)


def test_the_interval_has_the_variance_of_a_difference_of_logits() -> None:
    """Each pair 30 to 10, round in a circle: all are alike, and the information is known."""
    votes = []
    for pair in (("a", "b"), ("b", "c"), ("c", "a")):
        votes += [vote(pair, 0)] * 30 + [vote(pair, 1)] * 10
    value, low, high = ratings(votes)["a"]
    # 40 votes a pair of variance 1/4: information 10 (3 I - 1), its inverse on the plane 1/30 each way
    deviation = math.sqrt(1 / 30 * (1 - 1 / 3))
    assert value == pytest.approx(0.0, abs=1e-9)
    assert high - low == pytest.approx(2 * 1.96 * deviation, rel=0.03)


def test_a_model_that_never_lost_has_no_rating() -> None:
    votes = [vote(("a", "b"), 0), vote(("a", "c"), 0), vote(("b", "c"), 0), vote(("b", "c"), 1)]
    assert rate(votes, THREE, False, 0.95) == ([], "not connected")
    assert rate([*votes, vote(("a", "b"), "both bad")], THREE, False, 0.95)[1] == ""


def test_groups_that_never_met_have_no_ratings() -> None:
    votes = [vote(("a", "b"), 0), vote(("a", "b"), 1), vote(("c", "d"), 0), vote(("c", "d"), 1)]
    assert rate(votes, ("a", "b", "c", "d"), False, 0.95) == ([], "not connected")


def test_two_models_need_no_rating() -> None:
    assert rate([vote(("a", "b"), 0)], ("a", "b"), False, 0.95) == ([], "two models")


def test_a_large_lead_is_found_from_zero() -> None:
    votes = [vote(THREE, 0)] * 2000 + [vote(THREE, 1)] + [vote(THREE, 2)] * 40
    logs = np.log([2000, 1, 40])
    found = ratings(votes)
    assert [found[name][0] for name in THREE] == pytest.approx(logs - logs.mean(), abs=1e-6)


def test_intervals_hold_the_true_ratings() -> None:
    rng, held, times = np.random.default_rng(3), 0, 300
    strengths = {"a": 0.6, "b": 0.0, "c": -0.6}
    for _ in range(times):
        found, unrated = rate(drawn(rng, strengths, 60), THREE, True, 0.95)
        assert not unrated
        for one in found:
            assert one.rating.low is not None and one.rating.high is not None
            held += one.rating.low <= strengths[one.model] <= one.rating.high
    assert held / times / 3 > 0.94


def test_a_voter_who_votes_alike_counts_about_once() -> None:
    one_each = drawn(np.random.default_rng(5), {"a": 0.4, "b": 0.0, "c": -0.4}, 40)
    again = [one for one in one_each for _ in range(9)]
    once, often = (rate(votes, THREE, True, 0.95)[0] for votes in (one_each, again))
    for few, many in zip(once, often, strict=True):
        assert few.rating.value == pytest.approx(many.rating.value or 0.0, abs=1e-8)
        assert few.rating.low == pytest.approx(many.rating.low or 0.0, rel=0.25)
