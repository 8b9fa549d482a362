"""What people prefer, from their votes on answers that stood side by side.

Two models have a share, with the exact interval of a proportion; more of them also a rating (`ratings`).
A voter's votes are alike: where there are enough voters, they are what is drawn, not their votes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from harness.analysis.intervals import clopper_pearson
from harness.analysis.ratings import rate
from harness.analysis.significance import holm
from harness.records import PreferenceOutcome, PreferencePair, Preferences, Value, Vote

FEWEST_VOTERS = 5
"""Below so many voters their spread cannot be told, and intervals hold for these voters alone."""


def preferences(
    votes: Sequence[Vote], models: Sequence[str], confidence: float = 0.95
) -> Preferences:
    """What votes say of each pair of models, of all of them, and of the sides they stood on.

    Args:
        votes: of one kind, blind or not; at least one.
        models: names, in the order in which pairs are named.
        confidence: of intervals, and of the tests that outcomes rest on.
    """
    voters = len({vote.voter for vote in votes})
    by_voter = voters >= FEWEST_VOTERS
    shown = [name for name in models if any(_stands(name, vote) for vote in votes)]
    found = [
        pair
        for first, second in combinations(shown, 2)
        if (pair := _Pair.of(first, second, votes)) is not None
    ]
    shares = [pair.share(by_voter, confidence) for pair in found]
    adjusted = holm([share.p for share in shares])
    level = (1 - confidence) / max(1, sum(share.p is not None for share in shares))
    pairs = [
        pair.judged(share, p, level, confidence)
        for pair, share, p in zip(found, shares, adjusted, strict=True)
    ]
    ratings, unrated = rate(votes, shown, by_voter, confidence)
    sides = [
        (vote.voter, vote.choice == 0)
        for vote in votes
        if len(vote.answers) == 2 and isinstance(vote.choice, int)
    ]
    left = _share(sides, by_voter, confidence)
    return Preferences(
        blind=votes[0].blind,
        votes=len(votes),
        voters=voters,
        by_voter=by_voter,
        fewest=math.floor(1 - math.log2(level)) + 1,
        pairs=pairs,
        ratings=ratings,
        unrated=unrated,
        left=sum(one for _, one in sides),
        sides=len(sides),
        left_share=left.value,
        left_p=left.p,
    )


@dataclass(frozen=True)
class _Share:
    value: Value
    p: float | None
    """Two-sided and exact, against one half."""
    counted: float
    """So many independent votes these are worth."""


@dataclass(frozen=True)
class _Pair:
    first: str
    second: str
    decided: tuple[tuple[str, bool], ...]
    """Of each vote for one of the two: its voter, and whether it is for the first."""
    both_good: int
    both_bad: int
    voters: int

    @classmethod
    def of(cls, first: str, second: str, votes: Sequence[Vote]) -> _Pair | None:
        """What votes say of two models; one for a third model says nothing. None without any."""
        both = [vote for vote in votes if _stands(first, vote) and _stands(second, vote)]
        told = [vote for vote in both if vote.preferred in (None, first, second)]
        if not told:
            return None
        decided = tuple((v.voter, v.preferred == first) for v in told if v.preferred is not None)
        ties = Counter(vote.choice for vote in told if vote.preferred is None)
        voters = len({vote.voter for vote in told})
        return cls(first, second, decided, ties["both good"], ties["both bad"], voters)

    def share(self, by_voter: bool, confidence: float) -> _Share:
        return _share(self.decided, by_voter, confidence)

    def judged(
        self, share: _Share, p_adjusted: float | None, level: float, confidence: float
    ) -> PreferencePair:
        """The record; `level` is what p would have to reach by itself, were it the smallest."""
        for_first = sum(one for _, one in self.decided)
        outcome: PreferenceOutcome = "inconclusive"
        if share.p is None or 2 * 0.5**share.counted >= level:
            outcome = "too few"
        elif p_adjusted is not None and p_adjusted < 1 - confidence:
            outcome = "first" if 2 * for_first > len(self.decided) else "second"
        return PreferencePair(
            first=self.first,
            second=self.second,
            first_preferred=for_first,
            second_preferred=len(self.decided) - for_first,
            both_good=self.both_good,
            both_bad=self.both_bad,
            voters=self.voters,
            share=share.value,
            p=share.p,
            p_adjusted=p_adjusted,
            outcome=outcome,
        )


def _stands(model: str, vote: Vote) -> bool:
    return any(answer.model == model for answer in vote.answers)


def _share(decided: Sequence[tuple[str, bool]], by_voter: bool, confidence: float) -> _Share:
    """The share of votes that are true, its Clopper-Pearson interval, and its exact p against a half."""
    n, chosen = len(decided), sum(one for _, one in decided)
    if n == 0:
        return _Share(Value(value=None), None, 0.0)
    share = chosen / n
    counted = _worth(decided) if by_voter else float(n)
    ends = clopper_pearson(share * counted, counted, confidence)
    value = Value(value=share, low=ends.low, high=ends.high, n=n)
    return _Share(value, _against_half(share * counted, counted), counted)


def _against_half(chosen: float, n: float) -> float:
    """The exact test to which Clopper's and Pearson's interval belongs; McNemar's for whole numbers."""
    from scipy.special import betainc

    fewer = min(chosen, n - chosen)
    tail = float(betainc(n - fewer, fewer + 1, 0.5))
    return min(1.0, 2 * tail)


def _worth(decided: Sequence[tuple[str, bool]]) -> float:
    """So many votes of as many voters the given votes are worth.

    The design effect of a share of clustered votes (Rao and Scott, "A simple method for the analysis of
    clustered binary data", Biometrics 48, 1992), and the loss of degrees of freedom as in Korn and
    Graubard, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24 (1998). Never more than the votes that there are.
    """
    from scipy.special import stdtrit

    names = sorted({voter for voter, _ in decided})
    n, m = len(decided), len(names)
    if m < 2 or n == m:
        return float(n) if n == m else float(m)
    votes, chosen = Counter(voter for voter, _ in decided), Counter(v for v, one in decided if one)
    share = sum(chosen.values()) / n
    off = np.array([chosen[name] - share * votes[name] for name in names])
    independent = share * (1 - share) / n
    variance = m / (m - 1) * float(np.sum(off**2)) / n**2
    effect = max(1.0, variance / independent) if independent > 0 else 1.0
    lost = float(stdtrit(n - 1, 0.975) / stdtrit(m - 1, 0.975)) ** 2
    return n / effect * min(1.0, lost)
