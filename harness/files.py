"""Writing files so that a reader, or the next run after a crash, never sees half of one; room for them."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Errors of a disk that is full, or of which its user may have no more."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV Injection)."""


def defused(value: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe stands before one that begins as such."""
    begins = value.lstrip(" ").startswith(FORMULA) or value.lstrip().startswith(FORMULA)
    return f"'{value}" if begins else value


def is_file_name(name: str) -> bool:
    """Whether a name that a file of a stranger's holds may become part of a path: it leads nowhere else."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+@-]{0,199}", name) is not None


def in_the_way(folder: Path) -> Path | None:
    """What stands where a folder, or one above it, has to be; None for nothing."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), None)
    return None if there is None or there.is_dir() else there


def write_atomically(file: Path, text: str) -> None:
    """Replaces a file by a new one with this text, or leaves it as it was."""
    write_bytes_atomically(file, text.encode("utf-8"))


def write_bytes_atomically(file: Path, data: bytes) -> None:
    """Replaces a file by a new one with these bytes, or leaves it as it was."""
    with replaced(file) as aside:
        aside.write_bytes(data)


@contextmanager
def replaced(file: Path) -> Iterator[Path]:
    """A file beside this one to be written to, which takes its place once it is whole and on disk."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    os.close(descriptor)
    aside = Path(name)
    try:
        yield aside
        with aside.open("rb") as stream:
            os.fsync(stream.fileno())
        aside.chmod(0o644)
        os.replace(aside, file)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def write_json(file: Path, value: Any) -> None:
    """Atomically, indented, with a newline at the end. Raises ValueError on NaN, which is not JSON."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(file, f"{text}\n")


def free_disk_bytes(place: Path) -> int:
    """Free bytes of the disk that a file or folder lies on, or would if it were there."""
    place = place.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free
