"""What a worker writes on a node, told to the driver as it comes: samples beside events, and the results last.

The node looks at the files of the step at hand; the driver writes what it is told into its own results, in the same
order. So a node that is lost takes no answer with it that was told.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from harness.errors import CrashError
from harness.files import is_file_name, write_bytes_atomically

LOOK_SECONDS = 0.5
"""At most so often files are looked at while a step goes on."""
CELL_FILES = re.compile(r"samples\.jsonl|parts\.jsonl|round-\d{1,6}\.json|result\.json")
APPENDED = re.compile(r"samples\.jsonl|.+\.log")
"""Files that grow line by line; others are told whole."""
LOGS = "logs"


@dataclass(frozen=True)
class Piece:
    """A part of a file, or that it is gone."""

    file: str
    """Its name, below the folder of all results."""
    at: int
    """Where it begins; below 0 the file is to be these bytes alone."""
    mtime_ns: int = 0
    gone: bool = False
    content: bytes = b""

    def to_bytes(self) -> bytes:
        """A line of JSON, and the content behind it."""
        head = {name: value for name, value in asdict(self).items() if name != "content"}
        return json.dumps(head).encode() + b"\n" + self.content

    @classmethod
    def from_bytes(cls, data: bytes) -> Piece:
        """What `to_bytes` gave."""
        head, _, content = data.partition(b"\n")
        return cls(**json.loads(head), content=content)


class GapError(Exception):
    """A driver lacks what another one took over: another disk's results, or some that were lost."""


class Mirror:
    """Looks at files on a node. Files that were told are held open, so that no other takes their place unseen."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.monotonic) -> None:
        """Of a folder of all results."""
        self._root, self._clock = root, clock
        self._open: dict[Path, tuple[int, int, int]] = {}
        """By file: its descriptor, and size and time as they were told."""
        self._looked = float("-inf")

    def pieces(self, folders: Iterable[Path], now: bool = False) -> Iterator[Piece]:
        """What is new in some folders; nothing where they were just looked at, unless it has to be `now`."""
        if not now and self._clock() - self._looked < LOOK_SECONDS:
            return
        self._looked = self._clock()
        for folder in folders:
            there = set(folder.iterdir()) if folder.is_dir() else set()
            for file in [one for one in self._open if one.parent == folder and one not in there]:
                os.close(self._open.pop(file)[0])
                if folder.name != LOGS:
                    yield Piece(self._name(file), 0, gone=True)
            for file in sorted(there, key=lambda one: (one.name == "result.json", one.name)):
                if CELL_FILES.fullmatch(file.name) or folder.name == LOGS:
                    yield from self._changes(file)

    def close(self) -> None:
        """Lets go of all files."""
        while self._open:
            os.close(self._open.popitem()[1][0])

    def _changes(self, file: Path) -> Iterator[Piece]:
        try:
            descriptor = os.open(file, os.O_RDONLY)
        except OSError:
            return
        found, told = os.fstat(descriptor), self._open.get(file)
        is_same = told is not None and os.path.samestat(os.fstat(told[0]), found)
        begin = told[1] if told is not None and is_same else 0
        if told is not None:
            os.close(told[0])
        self._open[file] = (descriptor, begin, told[2] if told is not None and is_same else -1)
        if is_same and told is not None and (found.st_size, found.st_mtime_ns) == told[1:]:
            return
        grows = APPENDED.fullmatch(file.name) is not None and found.st_size >= begin
        begin = begin if grows else 0
        content = os.pread(descriptor, found.st_size - begin, begin)
        if grows:
            content = content[: content.rfind(b"\n") + 1]
        self._open[file] = (descriptor, begin + len(content), found.st_mtime_ns)
        whole = not begin and file.parent.name != LOGS
        if content or whole:
            yield Piece(self._name(file), -1 if whole else begin, found.st_mtime_ns, False, content)

    def _name(self, file: Path) -> str:
        return file.relative_to(self._root).as_posix()


@dataclass(frozen=True)
class Receiver:
    """Writes what a node tells of a job's files."""

    root: Path
    """The folder of all results."""
    results: str
    """Name of the suite's folder in it."""
    answers: frozenset[PurePosixPath]
    """Folders of the job's cells, and parts of cells, in that of the suite."""

    def take(self, piece: Piece) -> None:
        """Writes a piece.

        Raises:
            CrashError: it is of no file of this job.
            GapError: what comes before it is not here.
            OSError: the disk is full.
        """
        file = self.root / piece.file
        if not self._is_ours(PurePosixPath(piece.file)):
            raise CrashError(f"a node sent {piece.file!r:.200}, which is no file of its job")
        if piece.gone:
            file.unlink(missing_ok=True)
            return
        if piece.at < 0:
            write_bytes_atomically(file, piece.content)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            _append(file, None if file.parent.name == LOGS else piece.at, piece.content)
        if piece.mtime_ns:
            with suppress(OSError):
                os.utime(file, ns=(piece.mtime_ns, piece.mtime_ns))

    def _is_ours(self, name: PurePosixPath) -> bool:
        match name.parts:
            case (self.results, "logs", log):
                return is_file_name(log)
            case (self.results, *folder, file):
                is_ours = PurePosixPath(*folder) in self.answers
                return is_ours and CELL_FILES.fullmatch(file) is not None
        return False


def _append(file: Path, at: int | None, content: bytes) -> None:
    """Has content stand in a file from a place on, and nothing behind it; None: behind what is there."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        size = os.fstat(descriptor).st_size
        at = size if at is None else at
        if size < at:
            raise GapError(f"{file.name} has {size:,} bytes here, where {at:,} were taken over")
        while content:
            written = os.pwrite(descriptor, content, at)
            at, content = at + written, content[written:]
        os.ftruncate(descriptor, at)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
