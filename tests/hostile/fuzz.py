"""Fuzzes one reader for some time: `python -m tests.hostile.fuzz gguf 600 [SEED]`. Prints how many inputs were tried.

Each run tries other inputs, unless it is given the seed that another has printed. Memory has a bound (3 GiB), and so has each input (3 s of a processor). A fault ends it, with the smallest input that
shows it; what it found becomes a test beside the reader's others.
"""

from __future__ import annotations

import itertools
import resource
import secrets
import sys
import time

from hypothesis import HealthCheck, Phase, given, seed, settings

from harness.errors import HarnessError
from harness.sandbox import interrupted_after
from tests.hostile.fuzzed import Target, targets

MEMORY = 3 << 30
SECONDS_OF_ONE = 3
BATCH = 500
SEEDS = 1 << 32
"""Fresh seeds are below that."""


def try_inputs(target: Target, count: int, number: int) -> int:
    """Gives a reader so many inputs, drawn by a number, and how many were refused.

    Raises:
        Whatever it raises that is no `HarnessError`, for the smallest input that was found.
    """
    refused = 0

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(target.inputs)
    def read(one: object) -> None:
        nonlocal refused
        with interrupted_after(SECONDS_OF_ONE):
            try:
                target.read(one)
            except HarnessError as error:
                assert error.message
                refused += 1

    read()
    return refused


def main(name: str, seconds: float, first: int | None = None) -> None:
    """Fuzzes until the time is up, from a seed on, or from a fresh one."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    first = secrets.randbelow(SEEDS) if first is None else first
    print(f"{name}: seed {first}", flush=True)
    target, refused = targets()[name], 0
    end = time.monotonic() + seconds
    for batch in itertools.count():
        if time.monotonic() >= end:
            break
        refused += try_inputs(target, BATCH, first + batch)
    print(
        f"{name}: {BATCH * batch:,} inputs in {seconds:g} s, {refused:,} refused, no fault",
        flush=True,
    )


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), *map(int, sys.argv[3:4]))
