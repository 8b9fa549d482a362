"""The disk: what is wrong with it or with a path, how much room it has, and how much a folder takes."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from pathlib import Path

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Errors of a disk that is full, or of which its user may have no more."""
DISK = NO_SPACE | {errno.EROFS, errno.EIO, errno.ENODEV, errno.ESTALE, errno.EFBIG}
"""Errors of the disk itself: it is full, cannot be written to, or fails."""
PATH = {
    errno.ENAMETOOLONG: "no file can have a name that long",
    errno.ELOOP: "links lead round in a circle",
    errno.EACCES: "you may not read or write here",
    errno.EPERM: "you may not read or write here",
}
"""Errors of a path that cannot be used, with what they say of it."""


def disk_fault(error: OSError) -> tuple[str, str] | None:
    """What is wrong with the disk, and what to do; None where it is something else."""
    if error.errno not in DISK:
        return None
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in NO_SPACE:
        return (
            f"{where}the disk is full",
            "Make room, and run the same command: it goes on from here.",
        )
    what = f"{where}the disk cannot be written to ({error.strerror})"
    return (
        what,
        "Mend it, or write elsewhere (--results, --reports, $HARNESS_HOME), and run the same command again.",
    )


def path_fault(error: OSError) -> tuple[str, str] | None:
    """What is wrong with a path, and what to do; None where it is something else."""
    if error.errno not in PATH or not error.filename:
        return None
    return f"{os.fsdecode(error.filename)}: {PATH[error.errno]}", "Name another path."


def check_takes_files(folder: Path) -> None:
    """Looks whether files can be made in a folder that is there or will be.

    Raises:
        OSError: its disk is read-only, or you may not write there.
    """
    place = _there(folder)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(place)) from None


def free_disk_bytes(place: Path) -> int:
    """Free bytes of the disk that a file or folder lies on, or would if it were there."""
    return shutil.disk_usage(_there(place)).free


def _there(place: Path) -> Path:
    """A file or folder, or the nearest folder above it that is there."""
    place = place.absolute()
    while not place.exists():
        place = place.parent
    return place


def bytes_in(place: Path) -> int:
    """The bytes of a file, or of all files in a folder and those below it; 0 where there is nothing."""
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.stat().st_size for file in files if file.is_file())
