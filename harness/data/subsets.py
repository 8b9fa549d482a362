"""Subsets of a data set: seeded, stratified, and nested."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from harness.data.datasets import Example


def draw(
    examples: Sequence[Example], limit: int | None, seed: int, stratify: bool
) -> list[Example]:
    """A subset of at most `limit` examples, in the order of the whole.

    Each example's place in the queue depends on the seed and its own id alone, so a smaller limit
    gives a subset of a larger one's. With `stratify`, the classes' queues are merged in proportion
    to their sizes: every prefix of the queue holds each class to within one of its share.
    """
    if limit is None or limit >= len(examples):
        return list(examples)
    queues: dict[str, list[int]] = {}
    for index in sorted(range(len(examples)), key=lambda i: (_lot(examples[i].id, seed), i)):
        queues.setdefault(examples[index].target if stratify else "", []).append(index)
    sizes = Counter({name: len(queue) for name, queue in queues.items()})
    ranked = [
        ((rank + 0.5) / sizes[name], name, index)
        for name, queue in queues.items()
        for rank, index in enumerate(queue)
    ]
    chosen = sorted(index for _, _, index in sorted(ranked)[:limit])
    return [examples[index] for index in chosen]


def _lot(example_id: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}\0{example_id}".encode()).digest()
