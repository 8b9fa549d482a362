"""Work on many things, shared out among the processors."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

Thing = TypeVar("Thing")
Found = TypeVar("Found")


def spread(
    work: Callable[[Sequence[Thing]], Sequence[Found]],
    things: Sequence[Thing],
    worth: bool,
    parts: int = 64,
) -> Iterator[Found]:
    """What `work` gives for all things, in their order, done part by part.

    The parts go to as many processes as there are processors, while the caller goes on until it takes the
    first. The processes are copies of this one, so that `work` may hold anything; what it gives is sent back.
    Where a copy cannot be made safely (other systems than Linux) all is done here.

    Args:
        work: gives as many results as it was given things.
        things: what it is done with.
        worth: whether there is enough to do to make processes for it.
        parts: how many parts there are at most.
    """
    size = max(1, -(-len(things) // parts))
    cut = [things[start : start + size] for start in range(0, len(things), size)]
    processors = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
    if not worth or processors < 2 or len(cut) < 2:
        return (found for part in cut for found in work(part))
    pool = ProcessPoolExecutor(
        min(processors, len(cut)), get_context("fork"), initializer=_take, initargs=(work, cut)
    )
    return _sent(pool, pool.map(_do, range(len(cut))))


def _sent(pool: ProcessPoolExecutor, parts: Iterator[Sequence[Found]]) -> Iterator[Found]:
    with pool:
        for part in parts:
            yield from part


_taken: list[Any] = []
"""In a copy: the work, and the parts of what it is done with, which came over when it was made."""


def _take(work: Callable[[Sequence[Any]], Sequence[Any]], parts: Sequence[Sequence[Any]]) -> None:
    _taken[:] = work, parts


def _do(part: int) -> Sequence[Any]:
    work, parts = _taken
    return list(work(parts[part]))
