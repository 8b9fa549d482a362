"""Locks between processes, on files: one works, the others wait and say for whom.

The kernel gives a lock back when its holder ends, however it does, so that none is ever left behind by a dead
process; the file stays, and what stands in it only says who has it. On NFS that holds between machines as far as
its lock service runs.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

LOOK_SECONDS = 0.2
"""How often whoever waits looks whether it is free."""
Waits = Callable[[str], None]
"""Is told for whom something waits, and "" when it goes on."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock."""

    pid: int
    host: str
    doing: str
    since: str
    """Date and time, local."""

    def words(self) -> str:
        """As part of a sentence."""
        where = "" if self.host == socket.gethostname() else f" on {self.host}"
        return f"process {self.pid}{where} ({self.doing}, since {self.since})"


@contextmanager
def held(file: Path, doing: str, waits: Waits = lambda who: None) -> Iterator[bool]:
    """Holds a lock; whether it had to be waited for.

    Args:
        file: is made, with its folder.
        doing: what for, for those who wait.
        waits: is told for whom, once, where another process has it.
    """
    lock = FileLock(file)
    waited = not _taken(lock, file)
    if waited:
        waits(holder_words(file))
        _taken(lock, file, timeout=-1)
        waits("")
    with _signed(lock, file, doing):
        yield waited


@contextmanager
def held_if_free(file: Path, doing: str) -> Iterator[bool]:
    """Holds a lock where nobody else does; whether it was free."""
    lock = FileLock(file)
    if not _taken(lock, file):
        yield False
        return
    with _signed(lock, file, doing):
        yield True


def _taken(lock: FileLock, file: Path, timeout: float = 0) -> bool:
    while True:
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=timeout, poll_interval=LOOK_SECONDS)
        except Timeout:
            return False
        except FileNotFoundError:  # whoever had it took its folder away
            continue
        return True


@contextmanager
def _signed(lock: FileLock, file: Path, doing: str) -> Iterator[None]:
    """Says in the file of a lock who has it, and gives it back in the end."""
    now = datetime.now().astimezone().isoformat(sep=" ", timespec="minutes")
    holder = Holder(os.getpid(), socket.gethostname(), doing, now[:16])
    try:
        with suppress(OSError):  # on a full disk it is held all the same
            file.write_text(json.dumps(asdict(holder)), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            os.truncate(file, 0)
        lock.release()


def holder_words(file: Path) -> str:
    """Who holds a lock, as far as its file says."""
    try:
        return Holder(**json.loads(file.read_text(encoding="utf-8"))).words()
    except (OSError, ValueError, TypeError):
        return "another process"
