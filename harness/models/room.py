"""A disk that is full while weights are written, whichever library finds it out.

safetensors tells it in words only, and torch's archive by a position that it did not expect.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.disk import NO_SPACE
from harness.errors import HarnessError, NoSpaceError

FULL = NO_SPACE | {errno.EFBIG}
"""Errors of a disk that is full, and of a file that may not be as large (`ulimit -f`)."""
_TOLD = re.compile(r"\(os error (\d+)\)")


@contextmanager
def room_for(what: str, folder: Path, hint: str = "") -> Iterator[None]:
    """Turns what is raised on a full disk into a NoSpaceError.

    Args:
        what: is written, such as "a checkpoint".
        folder: it is written to.
        hint: what to do beside making room.
    """
    try:
        yield
    except HarnessError:
        raise
    except Exception as error:
        number = _number(error)
        if number not in FULL:
            raise
        raise NoSpaceError(
            f"The disk has no room for {what} in {folder} ({os.strerror(number)}).",
            f"Free some, or put $HARNESS_HOME on a larger disk{hint}.",
        ) from error


def _number(error: BaseException | None) -> int:
    """The system's number of an error, of what it came of, or in its words; 0 where there is none."""
    while error is not None:
        if isinstance(error, OSError) and error.errno:
            return error.errno
        if told := _TOLD.search(str(error)):
            return int(told[1])
        error = error.__cause__ or error.__context__
    return 0
