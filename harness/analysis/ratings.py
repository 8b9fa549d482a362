"""Ratings of several models from votes: the model of Bradley and Terry, and of Luce where more than two
answers stood side by side.

A model with strength s is chosen among those shown with probability e^s over the sum of theirs (Bradley
and Terry, "Rank analysis of incomplete block designs", Biometrika 39, 1952; Luce, "Individual choice
behavior", 1959). A tie counts as an equal part of a vote for each answer, as on Chatbot Arena (Chiang et
al., arXiv 2403.04132). Strengths are the most likely ones, their mean zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from harness.metrics.statistic import FloatArray
from harness.records import PreferenceRating, Unrated, Value, Vote

STEPS = 100
CLOSE_ENOUGH = 1e-10
"""Newton's method ends with a step below it, in log-odds."""


def rate(
    votes: Sequence[Vote], models: Sequence[str], by_voter: bool, confidence: float
) -> tuple[list[PreferenceRating], Unrated]:
    """The rating of each model, from the most to the least preferred, or why there is none.

    Intervals are Wald's, of the larger of two variances: that of the model, which takes a tie to be as
    uncertain as a vote, and the sandwich over votes, or over voters with Student's t.

    Args:
        votes: at least one.
        models: that stand in them.
        by_voter: whether voters are what is drawn, not votes.
        confidence: of the intervals.
    """
    from scipy.special import ndtri, stdtrit

    if len(models) < 3:
        return [], "two models"
    if not _connected(votes, models):
        return [], "not connected"
    shown, chosen = _choices(votes, models)
    strengths = _most_likely(shown, chosen)
    spread = _inverse(_information(shown, strengths))
    scores = chosen - _expected(shown, strengths)
    groups = [vote.voter if by_voter else str(place) for place, vote in enumerate(votes)]
    sums = _summed(scores, groups)
    many = len(sums)
    sandwich = spread @ (sums.T @ sums * many / max(1, many - 1)) @ spread
    deviations = np.sqrt(np.maximum(np.diag(spread), np.diag(sandwich)))
    level = (1 + confidence) / 2
    half = float(stdtrit(many - 1, level) if by_voter else ndtri(level)) * deviations
    stood = shown.sum(axis=0).astype(int)
    won = [sum(vote.preferred == name for vote in votes) for name in models]
    found = [
        PreferenceRating(
            model=name,
            n=int(stood[i]),
            preferred=won[i],
            rating=Value(
                value=float(strengths[i]),
                low=float(strengths[i] - half[i]),
                high=float(strengths[i] + half[i]),
            ),
        )
        for i, name in enumerate(models)
    ]
    return sorted(found, key=lambda one: -(one.rating.value or 0.0)), ""


def _choices(votes: Sequence[Vote], models: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """(votes, models): which were shown, and the part of the vote that each was given."""
    places = {name: place for place, name in enumerate(models)}
    shown = np.zeros((len(votes), len(models)))
    chosen = np.zeros_like(shown)
    for row, vote in enumerate(votes):
        columns = [places[answer.model] for answer in vote.answers]
        shown[row, columns] = 1.0
        if vote.preferred is None:
            chosen[row, columns] = 1 / len(columns)
        else:
            chosen[row, places[vote.preferred]] = 1.0
    return shown, chosen


def _expected(shown: FloatArray, strengths: FloatArray) -> FloatArray:
    weights = shown * np.exp(strengths - strengths.max())
    found: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return found


def _information(shown: FloatArray, strengths: FloatArray) -> FloatArray:
    expected = _expected(shown, strengths)
    found: FloatArray = np.diag(expected.sum(axis=0)) - expected.T @ expected
    return found


def _inverse(information: FloatArray) -> FloatArray:
    """On the plane of strengths whose sum is zero; the information says nothing of their sum."""
    mean = np.full_like(information, 1 / len(information))
    found: FloatArray = np.linalg.inv(information + mean) - mean
    return found


def _most_likely(shown: FloatArray, chosen: FloatArray) -> FloatArray:
    """By Newton's method, its steps at most 1 so that it finds its way from zero."""
    strengths = np.zeros(shown.shape[1])
    for _ in range(STEPS):
        score = (chosen - _expected(shown, strengths)).sum(axis=0)
        step = _inverse(_information(shown, strengths)) @ score
        largest = float(np.abs(step).max())
        strengths = strengths + step / max(1.0, largest)
        if largest < CLOSE_ENOUGH:
            break
    return strengths


def _connected(votes: Sequence[Vote], models: Sequence[str]) -> bool:
    """Whether the most likely strengths are finite: however models are parted in two, some vote of one
    part was won against the other (Ford, "Solution of a ranking problem from binary comparisons", 1957).
    """
    beats, beaten = defaultdict(set), defaultdict(set)
    for vote in votes:
        names = [answer.model for answer in vote.answers]
        for winner in names if vote.preferred is None else [vote.preferred]:
            for other in names:
                beats[winner].add(other)
                beaten[other].add(winner)
    return all(_reached(models[0], edges) == set(models) for edges in (beats, beaten))


def _reached(start: str, edges: defaultdict[str, set[str]]) -> set[str]:
    found, open_names = {start}, [start]
    while open_names:
        new = edges[open_names.pop()] - found
        found |= new
        open_names += new
    return found


def _summed(scores: FloatArray, groups: Sequence[str]) -> FloatArray:
    """(groups, models): the sums of the scores of each group."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    sums = np.zeros((len(numbers), scores.shape[1]))
    np.add.at(sums, [numbers[group] for group in groups], scores)
    return sums
