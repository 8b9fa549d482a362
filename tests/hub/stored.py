"""What the stand-in of the Hub keeps: repos, the faults it was told to make, and what it was asked."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LARGE = (".safetensors", ".bin", ".gguf", ".model", ".pt", ".zip", ".parquet")


@dataclass(frozen=True)
class Content:
    """A file of a commit."""

    path: str
    data: bytes

    @property
    def large(self) -> bool:
        """Whether it is kept outside of git."""
        return self.path.endswith(LARGE)

    @property
    def oid(self) -> str:
        """Git's name for it."""
        return hashlib.sha1(b"blob %d\0" % len(self.data) + self.data).hexdigest()

    @property
    def etag(self) -> str:
        """Its name in caches."""
        return hashlib.sha256(self.data).hexdigest() if self.large else self.oid

    def entry(self) -> dict[str, object]:
        """Its line in the tree."""
        line: dict[str, object] = {
            "type": "file",
            "path": self.path,
            "size": len(self.data),
            "oid": self.oid,
        }
        if self.large:
            line["lfs"] = {"oid": self.etag, "size": len(self.data), "pointerSize": 134}
        return line


@dataclass
class StoredRepo:
    """A repo: its commits, and the names that stand for them."""

    commits: dict[str, dict[str, Content]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    gated: bool = False
    private: bool = False
    readers: set[str] = field(default_factory=set)
    """Tokens that may read it although it is gated or private."""


@dataclass
class Fault:
    """Something that goes wrong with requests whose path contains `where`."""

    where: str
    times: int
    status: int = 0
    """Answered instead of the file."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"the stand-in was told to fail"
    cut_after: int | None = None
    """Bytes of the body after which the connection is closed."""
    flip: bool = False
    """One byte of the file is changed."""
    whole: bool = False
    """The range that was asked for is not heeded."""
    method: str = ""


@dataclass(frozen=True)
class Seen:
    """A request that came."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By names in small letters."""
    cdn: bool


class StoredHub:
    """Repos and their contents, and where they are served."""

    page = 3
    """Entries of a tree that come in one answer."""

    def __init__(self) -> None:
        self.repos: dict[str, StoredRepo] = {}
        self.faults: list[Fault] = []
        self.requests: list[Seen] = []
        self.tokens: set[str] = set()
        """Tokens that the stand-in knows; others are refused."""
        self.writers: set[str] = set()
        """Those of them that may make repos and write to all."""
        self.uploads: dict[str, bytes] = {}
        """Large files that were uploaded, by SHA-256."""
        self.messages: list[str] = []
        """First lines of the commits that were sent."""
        self.extra_entries: list[dict[str, object]] = []
        """Added to each tree, as a hostile server might."""
        self.echo_token = False
        """Errors repeat the token that came, as a careless server's might."""
        self.endpoint = ""
        """The Hub's own address, for HF_ENDPOINT."""
        self.cdn = ""
        """The address of another host, as far as a client can tell."""
        self.connections: list[socket.socket] = []
        """Connections that were opened."""
        self._lock = threading.Lock()
        self._blobs: dict[str, bytes] = {}

    def opened(self, connection: socket.socket) -> None:
        """Remembers a connection, so that it ends with the server."""
        with self._lock:
            self.connections.append(connection)

    def commit(
        self,
        name: str,
        files: Path | Mapping[str, bytes],
        branch: str = "main",
        *,
        gated: bool = False,
        private: bool = False,
    ) -> str:
        """Adds a commit with just these files, moves the branch there, and gives its hash.

        Args:
            name: `org/name`; a data set's with `datasets/` in front, a Space's with `spaces/`.
            files: a folder, or contents by path.
            branch: made where it is not there.
            gated, private: what the repo is from now on.
        """
        if isinstance(files, Path):
            found = [path for path in sorted(files.rglob("*")) if path.is_file()]
            files = {path.relative_to(files).as_posix(): path.read_bytes() for path in found}
        repo = self.repos.setdefault(name, StoredRepo())
        repo.gated, repo.private = gated, private
        contents = {path: Content(path, data) for path, data in files.items()}
        parent = repo.refs.get(branch, "")
        lines = "\n".join(f"{path} {content.oid}" for path, content in sorted(contents.items()))
        commit = hashlib.sha1(f"{name} {parent}\n{lines}".encode()).hexdigest()
        repo.commits[commit] = contents
        repo.refs[branch] = commit
        self._blobs |= {content.etag: content.data for content in contents.values()}
        return commit

    def tag(self, name: str, tag: str, commit: str) -> None:
        """Names a commit."""
        self.repos[name].refs[tag] = commit

    def fail(self, where: str, fault: Fault) -> None:
        """Lets requests whose path contains `where` go wrong, as often as the fault says."""
        fault.where = where
        self.faults.append(fault)

    def paths(self, method: str = "") -> list[str]:
        """Paths that were asked for, of one method or all."""
        return [seen.path for seen in self.requests if method in ("", seen.method)]

    def bodies(self) -> list[str]:
        """Paths of GET requests that were for a file's contents (not their redirects)."""
        return [
            seen.path
            for seen in self.requests
            if seen.method == "GET" and (seen.cdn or seen.path.startswith("/api/resolve-cache/"))
        ]

    def take_fault(self, method: str, path: str) -> Fault | None:
        """The fault that befalls a request, if any; counts it."""
        with self._lock:
            for fault in self.faults:
                if fault.times and fault.where in path and fault.method in ("", method):
                    fault.times -= 1
                    return fault
        return None

    def note(self, seen: Seen) -> None:
        """Remembers a request."""
        with self._lock:
            self.requests.append(seen)

    def blob(self, etag: str) -> bytes | None:
        """What the CDN keeps under a name."""
        return self._blobs.get(etag)
