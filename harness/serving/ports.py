"""A free port for a server, which no other run of the harness takes meanwhile.

Between the look whether a port is free and the server's own hold of it others may take it. Runs of the
harness keep a lock for each port that they mean to use; from other programs a server then dies of an
address in use, and is started at another port.
"""

from __future__ import annotations

import os
import random
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from harness.errors import EndpointError

HOST = "127.0.0.1"
TRIES = 50


@dataclass
class Port:
    """A port that is ours until it is given back."""

    number: int
    lock: FileLock

    def close(self) -> None:
        """Gives it back."""
        self.lock.release()


def take_port(first: int = 0, last: int = 0) -> Port:
    """A port that nobody listens at.

    Args:
        first: of a range; 0: any that the system gives.
        last: of the range, itself included.

    Raises:
        EndpointError: none is free.
    """
    folder = Path(tempfile.gettempdir()) / f"harness-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    for number in _candidates(first, last):
        lock = FileLock(folder / f"{number}.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        if _is_free(number):
            return Port(number, lock)
        lock.release()
    where = f"from {first} to {last}" if first else "of this machine"
    raise EndpointError(
        f"No port {where} is free for a server",
        "Widen `ports`, or leave it out, so that any free port is taken.",
    )


def _candidates(first: int, last: int) -> Iterator[int]:
    if first:
        numbers = list(range(first, last + 1))
        random.shuffle(numbers)
        yield from numbers
        return
    for _ in range(TRIES):
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            number: int = probe.getsockname()[1]
        yield number


def _is_free(number: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, number))
        except OSError:
            return False
    return True
