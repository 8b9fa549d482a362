"""Metrics of what was written, that need no right answer: whether it repeats, ends, or is empty."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from harness.metrics.metric import Metric

LENGTH = 4
"""Tokens of the runs that are counted."""


def repetition(ids: Sequence[object]) -> float:
    """The share of a text's runs of four tokens that stood in it before: seq-rep-4.

    1 - distinct 4-grams / 4-grams of the token ids (Welleck et al., "Neural text generation with
    unlikelihood training", arXiv 1908.04319). Near 0 in what people write; a text that is stuck in
    a loop comes nearer to 1 the longer it goes on. 0 for a text of fewer than four tokens, which has
    no such run. Of a text whose ids nobody told, words are counted in their place.
    """
    runs = [tuple(ids[start : start + LENGTH]) for start in range(len(ids) - LENGTH + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def shared_start(first: Sequence[object], second: Sequence[object]) -> int | None:
    """How many tokens two texts have in common before they part; None where they are the same."""
    for place, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            return place
    return None if len(first) == len(second) else min(len(first), len(second))


_flaw = partial(Metric, higher_is_better=False, bounded=True)
METRICS = (
    _flaw(
        name="truncated",
        label="Truncated answers",
        kind="proportion",
        explanation="The share of answers that were still going on when the limit of new tokens cut "
        "them.",
        score=lambda answer: float(answer.truncated),
    ),
    _flaw(
        name="repetition",
        label="Repetition",
        kind="mean",
        explanation="The share of a text's runs of four tokens that stood in it before (seq-rep-4, "
        "arXiv 1908.04319), averaged over texts: near 0 in what people write, near 1 in a text that "
        "is stuck in a loop. It says nothing of whether a text makes sense, and grows with its "
        "length.",
        score=lambda answer: repetition(answer.pieces),
    ),
    _flaw(
        name="empty",
        label="Empty answers",
        kind="proportion",
        explanation="The share of prompts on which the model wrote nothing.",
        score=lambda answer: float(not answer.text),
    ),
)
