"""What is learned when: which examples are held out, which share a step, and when it is looked how it goes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

MOST_HELD_OUT = 200
"""Examples that a share of them comes to at most: more tell little more, and cost training examples."""
LEAST_HELD_OUT = 16
"""Fewer, and a share holds out none: their loss says next to nothing."""

Step = list[list[int]]
"""Indices of the examples of each batch of an optimizer step."""


def hold_out(count: int, validation: float, rng: np.random.Generator) -> list[int]:
    """Indices of the examples that are not learned, in order.

    Args:
        count: of all examples.
        validation: a share below 1, or how many.

    Raises:
        ValueError: that would leave nothing to learn.
    """
    if validation < 1:
        wanted = min(MOST_HELD_OUT, round(count * validation))
        wanted = wanted if wanted >= LEAST_HELD_OUT else 0
    else:
        wanted = round(validation)
    if wanted >= count:
        raise ValueError(f"{wanted} of {count} examples cannot be held out")
    return sorted(int(index) for index in rng.permutation(count)[:wanted])


def plan_steps(
    lengths: Sequence[int],
    batch_tokens: int,
    epochs: float,
    rng: np.random.Generator,
    accumulate: int = 1,
    packing: bool = False,
    weights: Sequence[float] | None = None,
) -> list[Step]:
    """The batches of each optimizer step.

    Each epoch sorts the examples by length (equal lengths in random order), fills batches of
    `batch_tokens` tokens at most, padding to the longest included where they are padded, and
    shuffles the batches. A fractional last epoch takes that share of its batches. Each
    `accumulate` of them make a step; the last of an epoch may have fewer.

    Args:
        weights: how often each example is learned in an epoch, drawn anew in each where that is
            a fraction; None: once.
    """
    steps: list[Step] = []
    for epoch in range(math.ceil(epochs)):
        taken = _drawn(len(lengths), weights, rng)
        ordered = sorted(taken, key=lambda index: lengths[index])
        batches: list[list[int]] = []
        filled = 0
        for index in ordered:
            size = filled + lengths[index] if packing else lengths[index] * _after(batches)
            if not batches or size > batch_tokens:
                batches.append([])
                filled = 0
            batches[-1].append(index)
            filled += lengths[index]
        share = math.ceil(len(batches) * min(1.0, epochs - epoch))
        order = [batches[i] for i in rng.permutation(len(batches))[:share]]
        steps += [order[i : i + accumulate] for i in range(0, len(order), accumulate)]
    return steps


def _after(batches: list[list[int]]) -> int:
    """Examples of the last batch once it has one more."""
    return len(batches[-1]) + 1 if batches else 1


def _drawn(count: int, weights: Sequence[float] | None, rng: np.random.Generator) -> list[int]:
    """What an epoch learns, in random order."""
    if weights is None:
        return [int(index) for index in rng.permutation(count)]
    shares = np.asarray(weights, dtype=np.float64)
    times = np.floor(shares).astype(int) + (rng.random(count) < shares % 1.0)
    return [int(index) for index in rng.permutation(np.repeat(np.arange(count), times))]


def when_validated(steps: int, validations: float, epochs: float) -> frozenset[int]:
    """After how many steps the held-out examples are asked: before the first, evenly, after the last."""
    times = max(1, round(validations * epochs))
    return frozenset(math.ceil(steps * n / times) for n in range(times + 1))
