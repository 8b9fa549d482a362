"""When the processes of a run waited for the disk: each notes it, and the notes are put together.

`environment` has every Python that a run starts load `SITE`, which puts this module's `note_waits` before all else.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

NOTES, REALLY = "WAITS_NOTES", "WAITS_REALLY"
SITE = """\
import os, runpy
runpy.run_path({module!r})["note_waits"](os.environ)
"""


def environment(folder: Path, really: bool) -> dict[str, str]:
    """Variables of a run whose processes note each wait in `folder`/notes; where not `really`, none waits."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SITE.format(module=__file__))
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    return {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        NOTES: str(folder / "notes"),
        REALLY: str(int(really)),
    }


def note_waits(variables: Mapping[str, str]) -> None:
    """Has this process note when it began and ended to wait, on the clock that all processes share."""
    notes = os.open(variables[NOTES], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def noted(real: Callable[[int], None]) -> Callable[[int], None]:
        def call(descriptor: int) -> None:
            began = time.monotonic()
            try:
                if variables[REALLY] == "1":
                    real(descriptor)
            finally:
                os.write(notes, f"{began!r} {time.monotonic()!r}\n".encode())

        return call

    for name in ("fsync", "fdatasync"):
        setattr(os, name, noted(getattr(os, name)))


def waits(folder: Path) -> tuple[int, float]:
    """Calls that put something on disk, and the seconds in which at least one of them was waited for."""
    lines = (folder / "notes").read_text().splitlines()
    spans = sorted((float(began), float(ended)) for began, ended in map(str.split, lines))
    seconds, until = 0.0, 0.0
    for began, ended in spans:
        seconds += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return len(spans), seconds
