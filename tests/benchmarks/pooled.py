"""Simulations on all cores."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
PARTS = 4
"""Parts that a simulation is done in, each with a seed of its own."""


def pooled(work: Callable[[T], R], parts: Sequence[T]) -> list[R]:
    """Does the parts, one a core at a time; the figures do not depend on how many cores there are.

    `work` is a function of a module, and so is what it gives.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), context, initializer=_one_thread) as pool:
        return list(pool.map(work, parts))


def _one_thread() -> None:
    import numpy as np
    from threadpoolctl import threadpool_limits

    np.ones((2, 2)) @ np.ones((2, 2))  # there is nothing to limit before it is loaded
    threadpool_limits(1)
