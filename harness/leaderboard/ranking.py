"""Ranks of models that were asked alike, and of each pair whether the difference is significant.

The rule. Models are put in the order of their figures. The first has rank 1. Each further one shares
the rank of those before it, unless one of the models of that rank is significantly better: then it
begins a new rank, which is 1 + the number of models above it. Significant means: by a paired test on the
same examples, p-values corrected over all pairs of the group (Holm), at the confidence of the results.

So ranks never contradict figures; of two models of which one is significantly better, that one
has the better rank; and of models that share a rank every pair is inconclusive. (To count the models that are
better, as rank = 1 + their number, keeps neither of the first two: tests of pairs are not
transitive.) Two neighbours of different ranks may be inconclusive as a pair; the pairs say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.analysis.pairwise import (
    BoolArray,
    Pairs,
    interval_pairs,
    judged,
    mcnemar_pairs,
    paired_t,
)
from harness.leaderboard.asked import Figure
from harness.leaderboard.groups import IDS, Group
from harness.metrics.statistic import FloatArray


@dataclass(frozen=True, eq=False)
class Ranking:
    """The models of a group that have a figure, the best first.

    `models` are identities; `ranks` and `shared` belong to them, and `pairs` where they are ranked.
    """

    models: Sequence[str]
    ranks: Mapping[str, int]
    shared: Mapping[str, bool]
    pairs: Pairs | None
    confidence: float = 0.95

    @property
    def unpaired(self) -> list[str]:
        """Models that could not be held against any other on the same examples."""
        if self.pairs is None or len(self.models) < 2:
            return []
        places = np.flatnonzero(~self.pairs.paired.any(axis=1))
        return [self.models[int(place)] for place in places]


def rank(group: Group) -> Ranking:
    """The ranking of a group; of one whose metric ranks nothing only the order."""
    figures = {identity: of for identity, of in group.table.items() if of.value is not None}
    sign = -1.0 if group.metric.higher_is_better is False else 1.0
    values = {identity: sign * _value(of) for identity, of in figures.items()}
    names = {identity: of.made.name for identity, of in figures.items()}
    models = sorted(figures, key=lambda one: (-values[one], names[one], one))
    confidence = min((of.result.summary.confidence for of in figures.values()), default=0.95)
    if not group.ranked:
        return Ranking(models, {}, {}, None, confidence)
    ordered = [figures[model] for model in models]
    pairs = hold_pairs(ordered, np.array([values[model] for model in models]), confidence)
    found = tiers(pairs.better)
    counts = Counter(found)
    ranks = dict(zip(models, found, strict=True))
    shared = {model: counts[ranks[model]] > 1 for model in models}
    return Ranking(models, ranks, shared, pairs, confidence)


def tiers(better: BoolArray) -> list[int]:
    """Ranks by the rule above, of models in the order of their figures.

    Args:
        better: (models, models): whether the first of two is significantly better.
    """
    ranks: list[int] = []
    start = 0
    for place in range(len(better)):
        if better[start:place, place].any():
            start = place
        ranks.append(start + 1)
    return ranks


def hold_pairs(figures: Sequence[Figure], values: FloatArray, confidence: float) -> Pairs:
    """Holds every model against every other: by their samples where both have them, else by intervals.

    Args:
        figures: of one group.
        values: theirs, higher is better.
        confidence: of the intervals, and that no difference is called significant that is none.
    """
    p = np.ones((len(figures), len(figures)))
    paired = np.zeros_like(p, dtype=np.bool_)
    known = _on_the_same_examples(figures)
    if not figures or len(known) < len(figures) or figures[0].cell.n < 2:
        low, high = (np.array([_bound(of, end) for of in figures]) for end in ("low", "high"))
        own = np.array([_value(of) for of in figures])
        p = interval_pairs(own, low, high, confidence)
    if len(known) > 1:
        scores = np.array([figures[place].scores for place in known])
        scores = scores[:, ~np.isnan(scores[0])]
        right = figures[0].metric.kind == "proportion" and bool(np.isin(scores, (0.0, 1.0)).all())
        if right or scores.shape[1] > 1:
            every = len(known) == len(figures)
            block = (slice(None), slice(None)) if every else np.ix_(known, known)
            p[block] = mcnemar_pairs(scores) if right else paired_t(scores)
            paired[block] = True
    np.fill_diagonal(paired, False)
    return judged(p, values, paired, confidence)


def _on_the_same_examples(figures: Sequence[Figure]) -> list[int]:
    """The places of those that can be held against each other example by example: the most that can."""
    kinds: list[tuple[str, bytes] | None] = []
    for of in figures:
        scores = of.scores
        asked = of.evidence.get(IDS, "")
        kinds.append(None if scores is None else (asked, np.isnan(scores).tobytes()))
    counts = Counter(kind for kind in kinds if kind is not None)
    if not counts:
        return []
    most = max(counts, key=lambda kind: (counts[kind], kind))
    return [place for place, kind in enumerate(kinds) if kind == most]


def _value(of: Figure) -> float:
    assert of.value is not None and of.value.value is not None, "it has a figure"
    return of.value.value


def _bound(of: Figure, end: str) -> float:
    bound = getattr(of.value, end)
    return np.nan if bound is None else float(bound)
