"""What runs that died left behind: half-made artifacts, checkpoints nobody went on from, temporary folders."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.locks import held_if_free, holder_words
from harness.results.artifacts import LOCKED, half_made

DAY = 86_400.0
MADE = re.compile(r"harness-\w+-[a-z0-9_]{8}")
"""As `tempfile` names a folder; `harness-ports-…` is one of locks and stays."""
ASIDE = re.compile(r"\.[^/]+[.-][a-z0-9_]{8}")
"""As one is named that is to take the place of another."""


@dataclass(frozen=True)
class Scratch:
    """Something that no finished step needs.

    Attributes:
        path: of the folder or file.
        kind: `half made`: an artifact's. `checkpoints`: of a fine-tuning that goes on from them when it is run
            again. `temporary`: in the system's folder for that.
        bytes: that it takes.
        idle_seconds: since anything in it changed.
        lock: whose holder is at work in it, where there is one.
        holder: who that is just now; "" where nobody is, or nobody can tell.
    """

    path: str
    kind: Literal["half made", "checkpoints", "temporary"]
    bytes: int
    idle_seconds: float
    lock: str = ""
    holder: str = ""


def scratch(home: Path, temporary: Path | None = None) -> list[Scratch]:
    """What lies about, the largest first.

    Args:
        home: folder of the artifact store.
        temporary: the system's folder of temporary files.
    """
    places: list[Place] = [
        *((path, "half made", lock) for path, lock in half_made(home)),
        *_elsewhere(home),
        *_checkpoints(home),
        *_temporary(temporary or Path(tempfile.gettempdir())),
    ]
    found = [one for place in places for one in _looked_at(*place)]
    return sorted(found, key=lambda one: -one.bytes)


def free(found: Iterable[Scratch], days: float, checkpoints: bool) -> list[Scratch]:
    """Deletes what nothing has changed for so many days and nobody is at work in; gives what went.

    Args:
        found: by `scratch`.
        days: that it was idle.
        checkpoints: whether those of fine-tunings go, too.
    """
    return [one for one in freeable(found, days, checkpoints) if _deleted(one)]


def freeable(found: Iterable[Scratch], days: float, checkpoints: bool) -> list[Scratch]:
    """What `free` would delete."""
    return [
        one
        for one in found
        if not one.holder
        and one.idle_seconds >= days * DAY
        and (checkpoints or one.kind != "checkpoints")
    ]


Place = tuple[Path, Literal["half made", "checkpoints", "temporary"], Path | None]


def _elsewhere(home: Path) -> Iterator[Place]:
    """Folders of data sets and the like that were being made, which no lock is held for."""
    for top in home.glob("*"):
        found = () if top.name in LOCKED else top.rglob(".*")
        yield from ((path, "half made", None) for path in found if _is_aside(path))


def _is_aside(path: Path) -> bool:
    return ASIDE.fullmatch(path.name) is not None and path.is_dir()


def _checkpoints(home: Path) -> Iterator[Place]:
    for path in (home / "work").glob("*"):
        locks = (home / "artifacts").glob(f"*/{path.name}.lock")
        yield path, "checkpoints", next(iter(locks), None)


def _temporary(folder: Path) -> Iterator[Place]:
    for path in folder.glob("harness-*"):
        with suppress(OSError):
            if (
                MADE.fullmatch(path.name)
                and path.is_dir()
                and not path.is_symlink()
                and path.owner() == Path.home().owner()
            ):
                yield path, "temporary", None


def _looked_at(
    path: Path, kind: Literal["half made", "checkpoints", "temporary"], lock: Path | None
) -> Iterator[Scratch]:
    with suppress(OSError):  # it goes while it is looked at
        stats = [file.lstat() for file in (path, *path.rglob("*"))]
        idle = max(0.0, time.time() - max(one.st_mtime for one in stats))
        size = sum(one.st_size for one in stats)
        holder = ""
        if lock is not None:
            with held_if_free(lock, "looking") as is_free:
                holder = "" if is_free else holder_words(lock)
        yield Scratch(str(path), kind, size, idle, str(lock or ""), holder)


def _deleted(one: Scratch) -> bool:
    """Deletes it, unless somebody began to work in it since."""
    path = Path(one.path)
    with ExitStack() as stack:
        if one.lock and not stack.enter_context(held_if_free(Path(one.lock), "clearing away")):
            return False
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()
    return not path.exists()
