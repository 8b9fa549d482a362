"""Marks of files: size, time and hash, by which a file that was changed or damaged since is told.

Size and time are looked at whenever a file is about to be relied on. The hash is looked at where the time
differs, and when a run first uses the file. The same file (by device, inode, size and time) is read once in a
process, and what was found then holds for whoever looks later: of small files only for the last few thousand, so
that what is kept does not grow with a run.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SMALL_BYTES = 1 << 20
"""A file below that is read again faster than anybody notices."""
MOST_SMALL = 1 << 13
"""So many small files are known at once, in some 4 MB."""
_Name = tuple[int, int, int, int]
"""Of what stands in a file: device, inode, size and time."""
_KNOWN: dict[_Name, str] = {}
"""Hashes, by the names of what was read."""
_PASSING: deque[_Name] = deque()
"""Those of them that are forgotten, the first one first, when others come: small ones in which no fault was found."""


@dataclass(frozen=True)
class FileMark:
    """What is known of a file's contents."""

    bytes: int
    mtime_ns: int
    sha256: str
    """The fastest of `hashlib` on processors with SHA instructions, 1 to 2 GB/s."""

    @classmethod
    def of(cls, data: Any) -> FileMark:
        """From plain data. Raises ValueError where it is no mark."""
        if not isinstance(data, Mapping) or set(data) != {"bytes", "mtime_ns", "sha256"}:
            raise ValueError("no mark of a file")
        return cls(int(data["bytes"]), int(data["mtime_ns"]), str(data["sha256"]))


def mark_of(file: Path) -> FileMark:
    """The mark of a file as it stands. Raises OSError."""
    found = os.stat(file)
    return FileMark(found.st_size, found.st_mtime_ns, _hash(file, found))


def marks_in(folder: Path, but: str) -> dict[str, FileMark]:
    """The marks of all files in a folder, by their names in it, hidden ones and one other left out."""
    return {name: mark_of(folder / name) for name in sorted(files_in(folder) - {but})}


def files_in(folder: Path) -> set[str]:
    """Names of all files in a folder and those below it; hidden ones are nobody's business."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return {
        name.as_posix() for name in names if not any(part.startswith(".") for part in name.parts)
    }


def fault_of(file: Path, mark: FileMark, thoroughly: bool) -> str:
    """What is wrong with a file, to be said behind its name; "" where it is the one that was marked.

    Args:
        file: as it stands.
        mark: of what was written.
        thoroughly: whether it is read although size and time are the same.
    """
    try:
        found = os.stat(file)
        if stat.S_ISDIR(found.st_mode):
            return "is a folder"
        if found.st_size != mark.bytes:
            return f"has {found.st_size:,} bytes instead of {mark.bytes:,}"
        known = _name(found) in _KNOWN
        if not thoroughly and not known and found.st_mtime_ns == mark.mtime_ns:
            return ""
        if _hash(file, found) == mark.sha256:
            return ""
        while (
            name := _name(found)
        ) in _PASSING:  # or its size and time alone would look right later
            _PASSING.remove(name)
        return "is not what was written into it"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read ({error.strerror})"


def is_but_for_line_ends(file: Path, mark: FileMark) -> bool:
    """Whether a text is the one that was marked, its lines ended otherwise, as version control may do."""
    try:
        content = file.read_bytes().replace(b"\r\n", b"\n")
    except OSError:
        return False
    return len(content) == mark.bytes and hashlib.sha256(content).hexdigest() == mark.sha256


def _name(found: os.stat_result) -> _Name:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _hash(file: Path, found: os.stat_result) -> str:
    name = _name(found)
    if name not in _KNOWN:
        with file.open("rb") as stream:
            _KNOWN[name] = read = hashlib.file_digest(stream, "sha256").hexdigest()
        if found.st_size < SMALL_BYTES:
            _PASSING.append(name)
            if len(_PASSING) > MOST_SMALL:
                _KNOWN.pop(_PASSING.popleft(), None)
        return read
    return _KNOWN[name]
