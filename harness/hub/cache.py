"""The Hub's own cache on this machine (HF_HOME), which other tools fill and read too.

`models--org--name/blobs/<digest>` holds contents, `snapshots/<commit>/<path>` links to them, and
`refs/<revision>` the commit that a name stood for. What lies there is used and not copied; what we
fetch lies there for other tools.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from huggingface_hub import constants

from harness.disk import free_disk_bytes
from harness.hub.records import COMMIT, DIGEST, RemoteFile, Repo


@dataclass(frozen=True)
class Snapshot:
    """Where the cache keeps a repo at a commit, and what is there of it."""

    repo: Repo
    commit: str

    @property
    def folder(self) -> Path:
        """The folder in which the repo's files are found under their own names."""
        return self._root / "snapshots" / self.commit

    def file(self, file: RemoteFile) -> Path:
        """The place of a file under its own name."""
        return self.folder / file.path

    def blob(self, file: RemoteFile) -> Path:
        """The place of a file's contents, which is named by their hash."""
        return self._root / "blobs" / file.digest

    def partial(self, file: RemoteFile) -> Path:
        """The place of what has arrived of a file; the library removes parts that are named as its own."""
        return self._root / "blobs" / f"{file.digest}.harness-part"

    def holds(self, file: RemoteFile) -> bool:
        """Whether a file is there, whole as far as its size tells."""
        return _bytes(self.file(file)) == file.bytes

    def holds_blob(self, file: RemoteFile) -> bool:
        """Whether a file's contents are there, perhaps under another commit or name."""
        return _bytes(self.blob(file)) == file.bytes

    def bytes_to_write(self, file: RemoteFile) -> int:
        """How many bytes of a file have yet to arrive."""
        if self.holds(file) or self.holds_blob(file):
            return 0
        return max(0, file.bytes - (_bytes(self.partial(file)) or 0))

    def link(self, file: RemoteFile) -> None:
        """Lets a file's name lead to its contents; a copy where the file system has no links."""
        target, blob = self.file(file), self.blob(file)
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f".{target.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        try:
            fresh.symlink_to(os.path.relpath(blob, target.parent))
        except (OSError, NotImplementedError):
            shutil.copyfile(blob, fresh)
        os.replace(fresh, target)

    @contextlib.contextmanager
    def lock(self, file: RemoteFile) -> Iterator[None]:
        """Holds the lock that the Hub's library takes for the same contents."""
        place = _cache() / ".locks" / self.repo.folder / f"{file.digest}.lock"
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place, mode=0o664):
            yield

    def listing(self) -> tuple[RemoteFile, ...]:
        """The files that are there, for want of the Hub's own listing; perhaps a part of the repo."""
        return tuple(
            RemoteFile(path.relative_to(self.folder).as_posix(), path.stat().st_size, _name(path))
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        )

    @property
    def _root(self) -> Path:
        return _cache() / self.repo.folder


def cached_commit(repo: Repo, revision: str) -> str | None:
    """The commit that another tool last saw a revision stand for; None where none did."""
    try:
        commit = (_cache() / repo.folder / "refs" / revision).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None
    return commit if COMMIT.fullmatch(commit) else None


def free_bytes() -> int:
    """Free bytes of the disk that the cache lies on, or would."""
    return free_disk_bytes(_cache())


def _cache() -> Path:
    return Path(constants.HF_HUB_CACHE)


def _bytes(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None


def _name(path: Path) -> str:
    """The hash of a file's contents where its link tells, else zeros."""
    name = path.resolve().name
    return name if DIGEST.fullmatch(name) else "0" * 40
