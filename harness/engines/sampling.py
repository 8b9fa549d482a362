"""Draws the next token: one implementation for all engines, over the logits that they give.

The order is Transformers': the penalty on what stands there already (Keskar et al. 2019, "CTRL",
arXiv 1909.05858, section 4.1), the temperature, the k likeliest tokens (Fan et al. 2018, arXiv 1805.04833,
section 5.4), the nucleus (Holtzman et al. 2020, arXiv 1904.09751, section 3.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.engines.protocol import LogProbs, Sampling

Ids = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Candidates:
    """The tokens that may come next, and the probability of each; they sum to 1."""

    ids: Ids
    probabilities: Probabilities


class Sampler:
    """Draws the tokens of one text, one after the other."""

    def __init__(self, sampling: Sampling, prompt: Sequence[int]) -> None:
        """Args:
        sampling: how.
        prompt: the ids that the text goes on from, which the penalty counts.
        """
        self._sampling = sampling
        self._seen = set(prompt)
        self._random = np.random.default_rng(sampling.seed)

    def draw(self, logits: LogProbs) -> int:
        """The next token; the likeliest one at temperature 0.

        Args:
            logits: (vocabulary,), left as they are.
        """
        penalized = punished(logits, self._sampling.repetition_penalty, self._seen)
        if self._sampling.temperature == 0:
            token = int(penalized.argmax())
        else:
            found = candidates(penalized, self._sampling)
            reached = np.cumsum(found.probabilities)
            place = np.searchsorted(reached, self._random.random() * reached[-1], side="right")
            token = int(found.ids[min(int(place), len(found.ids) - 1)])
        self._seen.add(token)
        return token


def punished(logits: LogProbs, penalty: float, seen: set[int]) -> LogProbs:
    """Logits with those of seen tokens divided by the penalty, or multiplied where they are negative."""
    if penalty == 1 or not seen:
        return logits
    ids = np.fromiter(seen, np.int64, len(seen))
    changed = logits.copy()
    old = changed[ids]
    changed[ids] = np.where(old > 0, old / penalty, old * penalty)
    return changed


def candidates(logits: LogProbs, sampling: Sampling) -> Candidates:
    """What may be drawn from penalized logits at a temperature above 0.

    Of tokens that are equally likely, those with the lowest ids stay. There is always at least one.
    """
    ids = _likeliest(logits, sampling.top_k)
    scaled = logits[ids].astype(np.float64) / sampling.temperature
    weights = np.exp(scaled - scaled.max())
    weights /= weights.sum()
    if sampling.top_p < 1:
        ids, weights = _nucleus(ids, weights, sampling.top_p)
    return Candidates(ids, weights)


def _likeliest(logits: LogProbs, count: int) -> Ids:
    """The ids of so many highest logits; all of them for 0."""
    if not 0 < count < len(logits):
        return np.arange(len(logits))
    least = np.partition(logits, -count)[-count]
    above = np.flatnonzero(logits > least)
    ties = np.flatnonzero(logits == least)[: count - len(above)]
    return np.sort(np.concatenate([above, ties]))


def _nucleus(ids: Ids, weights: Probabilities, share: float) -> tuple[Ids, Probabilities]:
    """The fewest of the likeliest tokens that have this share together, scaled to sum to 1.

    What is less likely than (1 - share) / count is left out before sorting: all such tokens together
    have less than what the nucleus leaves over.
    """
    likely = weights >= (1 - share) / len(weights)
    ids, weights = ids[likely], weights[likely]
    order = np.argsort(-weights, kind="stable")
    ids, weights = ids[order], weights[order]
    count = int(np.searchsorted(np.cumsum(weights), share, side="left")) + 1
    kept = weights[:count]
    return ids[:count], kept / kept.sum()
