"""What a machine has fetched from stores: bounded in size, the least recently used goes, never what is in use.

`$HARNESS_HOME/fetched/<kind>/<key>.json` says where it lies and how much it takes; its time is that of the last use. Whoever
uses it holds a shared lock on that file, which the kernel gives back when a process ends, however it does.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from harness.disk import free_disk_bytes
from harness.errors import InputError
from harness.files import delete_whole
from harness.locks import held
from harness.quantities import bytes_of

LIMIT = "HARNESS_CACHE_LIMIT"
"""The environment variable that sets it, such as 200 GB."""
FOLDER = "fetched"


@dataclass(frozen=True)
class Fetched:
    """Something that can be fetched again."""

    kind: str
    key: str
    folder: str
    """In the home."""
    bytes: int
    used: float
    """Seconds since 1970."""
    in_use: bool = False


class FetchedCache:
    """What this machine has fetched."""

    def __init__(self, home: Path, clock: Callable[[], float] = time.time) -> None:
        """Of a home."""
        self._home, self._clock = home, clock

    @contextmanager
    def using(self, kind: str, key: str, folder: Path, size: int) -> Iterator[None]:
        """Keeps something from being evicted, and makes room for it by what was not used for longest.

        Args:
            kind: as in the store.
            key: likewise.
            folder: below the home, where it lies or will.
            size: bytes of it.
        """
        record = self._record(kind, key)
        descriptor = _locked_shared(record)
        try:
            known = {"folder": str(folder.relative_to(self._home)), "bytes": size}
            os.pwrite(descriptor, json.dumps(known).encode().ljust(1024), 0)
            self._touch(record)
            self._make_room()
            yield
        finally:
            self._touch(record)
            os.close(descriptor)

    def all(self) -> list[Fetched]:
        """What there is, the least recently used first."""
        found = []
        for record in (self._home / FOLDER).glob("*/*.json"):
            with suppress(OSError, ValueError, KeyError, TypeError):
                data = json.loads(record.read_text())
                used = record.stat().st_mtime
                kind = record.parent.name.replace("+", "/")
                is_free = _try_lock(record, lambda: None)
                found.append(
                    Fetched(
                        kind, record.stem, data["folder"], int(data["bytes"]), used, not is_free
                    )
                )
        return sorted(found, key=lambda one: (one.used, one.key))

    def limit(self) -> int:
        """Bytes that all may take: `$HARNESS_CACHE_LIMIT`, else half of what would be free on the disk without them.

        Raises:
            InputError: the variable is no size.
        """
        given = os.environ.get(LIMIT)
        if given:
            try:
                return bytes_of(given)
            except ValueError as error:
                raise InputError(f"${LIMIT} is {given!r}: {error}", "Such as: 200 GB.") from None
        return (free_disk_bytes(self._home) + sum(one.bytes for one in self.all())) // 2

    def evict(self, bytes_left: int) -> list[Fetched]:
        """Deletes what is not in use, the least recently used first, until no more than so much is left; what went."""
        there = self.all()
        total, gone = sum(one.bytes for one in there), []
        for one in there:
            if total <= bytes_left:
                break
            if self._deleted(one):
                total -= one.bytes
                gone.append(one)
        return gone

    def _make_room(self) -> None:
        with held(self._home / FOLDER / "room.lock", "making room"):
            self.evict(self.limit())

    def _deleted(self, one: Fetched) -> bool:
        folder, record = self._home / one.folder, self._record(one.kind, one.key)

        def delete() -> None:
            if folder.exists() and folder.resolve().is_relative_to(self._home.resolve()):
                delete_whole(folder)
            record.unlink(missing_ok=True)

        return _try_lock(record, delete)

    def _record(self, kind: str, key: str) -> Path:
        return self._home / FOLDER / kind.replace("/", "+") / f"{key}.json"

    def _touch(self, record: Path) -> None:
        now = self._clock()
        os.utime(record, (now, now))


def _locked_shared(record: Path) -> int:
    """A descriptor of a record, made where there is none, on which a shared lock is held."""
    record.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(record, os.O_RDWR | os.O_CREAT, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), record.stat()):
                return descriptor
        os.close(descriptor)  # it was evicted meanwhile


def _try_lock(record: Path, act: Callable[[], None]) -> bool:
    """Does something while nobody uses what a record names; whether nobody did."""
    try:
        stream = record.open("rb")
    except FileNotFoundError:
        return False
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        act()
        return True
