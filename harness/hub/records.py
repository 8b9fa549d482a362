"""What is said about repos on the Hub: a repo, its files at a commit, a download to be made."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from harness.errors import HarnessError

RepoType = Literal["model", "dataset", "space"]
COMMIT = re.compile(r"[0-9a-f]{40}")
DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Repo:
    """A repo on the Hub."""

    name: str
    """`org/name`, or `name` alone for the few old ones."""
    type: RepoType = "model"

    @property
    def noun(self) -> str:
        """What a suite takes a repo of this type for: "model", "data set" or "metric"."""
        return {"model": "model", "dataset": "data set", "space": "metric"}[self.type]

    @property
    def folder(self) -> str:
        """The repo's folder in the Hub's cache, and the one under `$HARNESS_HOME/hub`."""
        return f"{self.type}s--{self.name.replace('/', '--')}"

    @property
    def path(self) -> str:
        """The repo's path on the Hub's site, without a leading slash."""
        return self.name if self.type == "model" else f"{self.type}s/{self.name}"

    @property
    def api(self) -> str:
        """The repo's path in the Hub's API, without a leading slash."""
        return f"api/{self.type}s/{self.name}"


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repo at a commit."""

    path: str
    """The path inside the repo, with forward slashes."""
    bytes: int
    digest: str
    """The contents' name among the cache's blobs: SHA-256 of a large file (64 digits), else git's
    SHA-1 of the file as a blob (40 digits)."""


@dataclass(frozen=True)
class Listing:
    """The files of a repo at a commit."""

    files: tuple[RemoteFile, ...]
    unasked: HarnessError | None = None
    """Why the Hub could not be asked, where these are but the files that its cache here holds."""


@dataclass(frozen=True)
class Download:
    """What has to come from the Hub before something can be used, and where it will lie."""

    repo: Repo
    commit: str
    files: tuple[RemoteFile, ...]
    """All files that are needed, in the order in which they are fetched."""
    missing: tuple[RemoteFile, ...]
    """The needed files that are not on this machine."""
    target: Path
    """The folder, or the file, that will be there; for a GGUF in parts its first part."""
    needed_bytes: int
    """Bytes that have yet to be written: less than the missing files have where a part has arrived."""
    beside: tuple[RemoteFile, ...] = ()
    """Files that tell of it and that it can do without: they are taken along where the Hub gives them."""

    @property
    def total_bytes(self) -> int:
        """Bytes of all files that are needed, here or not."""
        return sum(file.bytes for file in self.files)


def stays_inside(path: str) -> bool:
    """Whether a path that a server named lies inside the folder it is put in."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\\" not in path
