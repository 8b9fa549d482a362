"""What a folder of results must not hold: links that lead out of it, and what is neither file nor folder.

Results may be a stranger's. Through a link a page would quote a file of this machine, and a run would write into
one; a pipe would keep whoever reads it waiting for ever.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.errors import InputError
from harness.files import check_inside
from harness.records.shards import NOTE
from harness.results.journal import JOURNAL
from harness.results.limits import other_limits
from harness.results.votes import VOTES

KEPT = (
    "summary.json",
    VOTES,
    JOURNAL,
    "cells",
    "earlier",
    "logs",
    "prompts",
    NOTE,
    "steps",
    "texts",
)
"""What lies in `results/<suite>`; a summary may stand in a folder with much else."""


def check_results(folder: Path, names: Iterable[str] = KEPT) -> None:
    """Looks at what results hold, before any of it is read or written.

    Args:
        folder: results/<suite>, which may be a link itself where its user named it.
        names: of the entries that are looked at.

    Raises:
        InputError: naming the first that leads out of the folder, or is no file, folder or link.
    """
    root = os.path.realpath(folder)
    for place in _entries(folder, names):
        path, kind = Path(place.path), _kind(place, root)
        if kind:
            raise InputError(
                f"{path}: {kind}",
                "Results hold plain files and folders of their own: remove it, or copy into its place "
                "what it stands for.",
            )


def check_places(folder: Path) -> None:
    """Looks at where a run writes its results, and at those of other limits, from which it borrows.

    Raises:
        InputError: one is a link out of the folder of all results, or holds what `check_results` refuses.
    """
    for one in (folder, *other_limits(folder)):
        check_inside(one, folder.parent)
        check_results(one)


def _entries(folder: Path, names: Iterable[str]) -> Iterator[os.DirEntry[str]]:
    wanted = frozenset(names)
    try:
        with os.scandir(folder) as found:
            top = sorted((one for one in found if one.name in wanted), key=lambda one: one.name)
    except OSError:
        return
    waiting = top[::-1]
    while waiting:
        entry = waiting.pop()
        yield entry
        if entry.is_dir(follow_symlinks=False):
            try:
                with os.scandir(entry.path) as found:
                    waiting += found
            except OSError:
                continue


def _kind(entry: os.DirEntry[str], root: str) -> str:
    """What is wrong with an entry; "" where nothing is."""
    if entry.is_symlink():
        target = os.path.realpath(entry.path)
        if target == root or not target.startswith(root + os.sep):
            return f"a link that leads out of the results, to {target}"
        return ""
    if entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False):
        return ""
    return "neither a file nor a folder"
