"""Writes a site into a folder: only what changed, and never over what someone else wrote.

A manifest in the folder holds the hash of every file that was written. A file that it does not know,
or that was changed since, is someone's work: it is left alone, and where a page has to stand in its
place nothing is written until that is allowed. Pages of models that are gone are removed, unless they
were changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from harness.errors import InputError
from harness.files import in_the_way, sweep_beside, write_atomically

MANIFEST = "leaderboard-files.json"
SCHEMA = "harness-leaderboard-files/1"
AT_ONCE = 16
"""Files that are written side by side."""
SHOWN = 5
"""Files that an error names."""


@dataclass(frozen=True)
class Written:
    """What was done: places in the site, sorted."""

    changed: Sequence[str] = ()
    unchanged: Sequence[str] = ()
    removed: Sequence[str] = ()
    kept: Sequence[str] = ()
    """Pages that are not the site's any more, and were left, since someone changed them."""


@dataclass
class _Folder:
    """A folder with its manifest: by place the hashes that a file of ours may have."""

    out: Path
    ours: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, out: Path) -> _Folder:
        try:
            data = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
            files = data["files"] if data["schema"] == SCHEMA else {}
            known = {str(place): [str(one) for one in hashes] for place, hashes in files.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            known = {}
        return cls(out, {place: of for place, of in known.items() if _is_inside(place)})

    def file(self, place: str) -> Path:
        """Where a file of the site stands.

        Raises:
            InputError: a link leads out of the folder.
        """
        file = self.out / place
        if not file.parent.resolve().is_relative_to(self.out.resolve()):
            raise InputError(f"{file}: a link leads out of {self.out}", "Remove it.")
        return file

    def state(self, place: str) -> str:
        """The hash of what stands there; "" where nothing does."""
        file = self.file(place)
        if file.is_symlink() or file.is_dir():
            return "not a file"
        try:
            return _hash(file.read_bytes())
        except OSError:
            return ""

    def is_ours(self, place: str, state: str) -> bool:
        """Whether a file is as it was written."""
        return state in self.ours.get(place, ())

    def keep(self, files: Mapping[str, Sequence[str]]) -> None:
        data = {"schema": SCHEMA, "files": {place: list(files[place]) for place in sorted(files)}}
        text = json.dumps(data, indent=1) + "\n"
        if not (self.out / MANIFEST).is_file() or self._text() != text:
            write_atomically(self.out / MANIFEST, text)

    def _text(self) -> str:
        return (self.out / MANIFEST).read_text(encoding="utf-8", errors="replace")


def write_site(files: Mapping[str, str], out: Path, overwrite: bool = False) -> Written:
    """Writes a site, or nothing.

    Args:
        files: texts by their place in the site, with `/` between folders.
        out: the folder; it is made where it is not there.
        overwrite: whether files that someone else wrote or changed are replaced, where a file of the
            site has their name.

    Raises:
        InputError: `out` is a file, or something of someone else's is in the way.
    """
    file = in_the_way(out)
    if file is not None:
        raise InputError(f"{file}: this is a file", "--out names a folder.")
    folder = _Folder.read(out)
    hashes = {place: _hash(text.encode()) for place, text in files.items()}
    states = {place: folder.state(place) for place in {*files, *folder.ours}}
    foreign = sorted(
        place
        for place in files
        if states[place] not in ("", hashes[place]) and not folder.is_ours(place, states[place])
    )
    blocked = [place for place in foreign if not overwrite or states[place] == "not a file"]
    if blocked:
        more = f" and {len(blocked) - SHOWN} more" if len(blocked) > SHOWN else ""
        raise InputError(
            f"{out}: written or changed by someone else: {', '.join(blocked[:SHOWN])}{more}",
            "Nothing was written. Name another folder, or replace them by --overwrite.",
        )
    stale = {place: states[place] for place in folder.ours if place not in files}
    removed = sorted(place for place, state in stale.items() if folder.is_ours(place, state))
    changed = sorted(place for place in files if states[place] != hashes[place])
    # While files are written the manifest knows both what they were and what they become, so that
    # after a crash they are still known to be the leaderboard's.
    both = {place: [*folder.ours.get(place, ()), hashes[place]] for place in files}
    if changed or removed:
        out.mkdir(parents=True, exist_ok=True)
        folder.keep({**folder.ours, **{p: list(dict.fromkeys(of)) for p, of in both.items()}})
    sweep_beside(folder.file(place) for place in (*changed, MANIFEST))
    with ThreadPoolExecutor(AT_ONCE) as pool:  # each waits for the disk
        list(pool.map(lambda place: write_atomically(folder.file(place), files[place]), changed))
    for place in removed:
        folder.file(place).unlink()
    folder.keep({place: [hashes[place]] for place in files})
    return Written(
        changed,
        sorted(set(files) - set(changed)),
        removed,
        sorted(place for place, state in stale.items() if state and place not in removed),
    )


def _is_inside(place: str) -> bool:
    """Whether a place that a manifest names is below its folder; a manifest may be anyone's."""
    path = PurePosixPath(place)
    plain = not path.is_absolute() and ".." not in path.parts and "\\" not in place
    return plain and place == str(path) and place not in ("", ".", MANIFEST)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
