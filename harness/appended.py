"""Lines that are appended to a file while something goes on, so that a process that dies loses none."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.errors import RemovedError
from harness.files import named, synchronise

FLUSH_SECONDS = 1.0
"""So much of what is appended may be lost where the power is cut; nothing where only a process dies."""
FLUSH_SHARE = 100
"""On a slow disk it is that more seldom that no more than this part of the time is waited for it."""


class Appended:
    """Lines that are appended to a file, each whole and at once where others read it.

    Raises RemovedError at the end where the file is no longer there under its name.

    A line outlives the process as soon as `line` returns. They are put on disk once in `FLUSH_SECONDS`
    and at the end, since waiting for each would cost more than some answers do.
    """

    def __init__(self, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Opens the file, which is made where it is not there."""
        self._name = file
        self._file = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._clock, self._flushed, self._dirty = clock, clock(), False
        self._every = FLUSH_SECONDS
        self._unnamed: Path | None = file.parent

    def line(self, text: str) -> None:
        """Appends a line; `text` holds no line end."""
        data = f"{text}\n".encode()
        with named(self._name):
            while data:
                data = data[os.write(self._file, data) :]
        self._dirty = True
        if self._clock() - self._flushed >= self._every:
            self._flush()
            if self._unnamed is not None:
                synchronise(self._unnamed)
                self._unnamed = None

    def _flush(self) -> None:
        began = self._clock()
        with named(self._name):
            os.fsync(self._file)
        self._flushed, self._dirty = self._clock(), False
        self._every = max(FLUSH_SECONDS, FLUSH_SHARE * (self._flushed - began))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._dirty:
                self._flush()
            if kind is None:
                self._check_there()
        finally:
            os.close(self._file)

    def _check_there(self) -> None:
        """The system goes on writing to a file that was removed, and nobody reads it then."""
        try:
            there = os.path.samestat(self._name.stat(), os.fstat(self._file))
        except FileNotFoundError:
            there = False
        if not there:
            raise RemovedError(
                f"{self._name} was removed, or replaced, while it was written to",
                "Leave the folders of a run alone; the same command does again what is lost.",
            )
