"""Reading what another process may put another make in place of meanwhile, as `--again` of another suite does.

An artifact is one folder, which is replaced whole: whoever has opened its files goes on with what was there. Only who is
about to open several of them may find some of the old and some of the new, or none for a moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

TIMES = 5
"""More often nothing is read anew: then what failed, failed for another reason."""


def steadily(
    paths: Iterable[str], read: Callable[[], T], forget: Callable[[], object] = lambda: None
) -> T:
    """What reading gives; where one of the files or folders was replaced meanwhile, it is read anew.

    Args:
        paths: that are read.
        read: reads them, all that matters of them.
        forget: clears away what an attempt left that does not count.
    """
    paths = tuple(paths)
    for _ in range(TIMES):
        before = _states(paths)
        try:
            found = read()
        except Exception:
            if before == _states(paths):
                raise
        else:
            if before == _states(paths):
                return found
        forget()
    return read()


def _states(paths: Iterable[str]) -> list[tuple[int, int, int] | None]:
    """Which file or folder stands at each path; None for none. A number may be taken by the next one: times differ."""
    found: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            state = Path(path).stat()
        except OSError:
            found.append(None)
        else:
            found.append((state.st_dev, state.st_ino, state.st_ctime_ns))
    return found
