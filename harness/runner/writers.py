"""Whether jobs on other machines write into results: they outlive the run that gave them out (`harness.executors.keeping`).

Each holds a shared lock on a file beside the results, which the kernel gives back when its process ends, however it does.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

FILE = "writers.lock"
LOOK_SECONDS = 0.5


@contextmanager
def writing(results: Path) -> Iterator[None]:
    """Is at work on results meanwhile, perhaps beside others."""
    descriptor = os.open(results / FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def is_idle(results: Path) -> bool:
    """Whether nobody is at work on results."""
    try:
        descriptor = os.open(results / FILE, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def until_idle(
    results: Path, waits: Callable[[], None], sleep: Callable[[float], None] = time.sleep
) -> None:
    """Waits until nobody is at work on results; `waits` is called once where that takes time."""
    if is_idle(results):
        return
    waits()
    while not is_idle(results):
        sleep(LOOK_SECONDS)
