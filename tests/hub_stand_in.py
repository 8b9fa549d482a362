"""A Hub on this machine: serves folders as repos over HTTP, and fails as the real one can.

Speaks what `huggingface_hub` and `harness.hub.client` ask: a repo's revision, its file tree in pages,
and files with HEAD and GET, ranges, ETags and redirects: small files by way of another path of the
same host, large ones (as Git LFS) by a signed address on another host, the "CDN", which refuses a
request that brings a token along.

    with HubStandIn() as hub:
        commit = hub.commit("org/model", folder)
        ...  # HF_ENDPOINT=hub.endpoint, read when huggingface_hub is imported
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from urllib.parse import parse_qs, quote, unquote, urlsplit

LARGE = (".safetensors", ".bin", ".gguf", ".model", ".pt", ".zip")
SIGNATURE = "Signature=stand-in-signature"
OTHERS = ("datasets", "spaces")
"""Kinds of repos whose names begin with their kind."""


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


class HubStandIn:
    """The server; a context manager."""

    page = 3
    """Entries of a tree that come in one answer."""

    def __init__(self) -> None:
        self.repos: dict[str, StoredRepo] = {}
        self.faults: list[Fault] = []
        self.requests: list[Seen] = []
        self.tokens: set[str] = set()
        """Tokens that the stand-in knows; others are refused."""
        self.extra_entries: list[dict[str, object]] = []
        """Added to each tree, as a hostile server might."""
        self.echo_token = False
        """Errors repeat the token that came, as a careless server's might."""
        self._lock = threading.Lock()
        self._blobs: dict[str, bytes] = {}
        self._open: list[socket.socket] = []
        self._servers = [
            _Server(("127.0.0.1", 0), partial(_Handler, self, cdn)) for cdn in (False, True)
        ]

    @property
    def endpoint(self) -> str:
        """For HF_ENDPOINT."""
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def cdn(self) -> str:
        """Another host, as far as a client can tell."""
        return f"http://localhost:{self._servers[1].server_port}"

    def __enter__(self) -> HubStandIn:
        for server in self._servers:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Is unreachable from now on."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def opened(self, connection: socket.socket) -> None:
        """Remembers a connection, so that it ends with the server."""
        with self._lock:
            self._open.append(connection)

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


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that left is no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, hub: HubStandIn, cdn: bool, *args: object) -> None:
        self.hub, self.cdn = hub, cdn
        self.fault: Fault | None = None
        super().__init__(*args)  # type: ignore[arg-type]

    def setup(self) -> None:
        """A connection was opened."""
        super().setup()
        self.hub.opened(self.connection)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def do_HEAD(self) -> None:
        self._handle()

    def do_GET(self) -> None:
        self._handle()

    def _handle(self) -> None:
        self.hub.note(Seen(self.command, self.path, self._headers(), self.cdn))
        self.fault = self.hub.take_fault(self.command, self.path)
        if self.fault is not None and self.fault.status:
            self._send(self.fault.status, self.fault.body, dict(self.fault.headers))
            return
        split = urlsplit(self.path)
        parts = split.path.strip("/").split("/")
        if self.cdn:
            self._from_cdn(parts, split.query)
        elif parts[:2] == ["api", "resolve-cache"]:
            self._cached(parts[2:])
        elif parts[0] == "api":
            self._api(parts[1:], split.query)
        else:
            self._resolve(parts)

    def _headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}

    def _from_cdn(self, parts: list[str], query: str) -> None:
        data = self.hub.blob(parts[-1])
        if "Authorization" in self.headers or SIGNATURE not in query or data is None:
            self._send(400, b"only one way to authenticate is allowed", {})
            return
        self._file(data, {"ETag": f'"{parts[-1]}"'})

    def _cached(self, parts: list[str]) -> None:
        """`api/resolve-cache/<repo>/<commit>/<path>`, where small files are redirected to."""
        name, rest = self._name(parts)
        content = self.hub.repos[name].commits[rest[0]][unquote("/".join(rest[1:]))]
        self._file(content.data, {"ETag": f'"{content.etag}"', "X-Repo-Commit": rest[0]})

    def _api(self, parts: list[str], query: str) -> None:
        kind = parts[0]
        name, rest = self._name(parts[1:])
        name = f"{kind}/{name}" if kind in OTHERS else name
        found = self._find(name, unquote(rest[1]) if len(rest) > 1 else "main", metadata=True)
        if found is None:
            return
        commit, contents = found
        if rest[:1] == ["tree"]:
            self._tree(name, rest[1], contents, query)
            return
        siblings = [{"rfilename": path} for path in sorted(contents)]
        info = {"id": name, "sha": commit, "siblings": siblings, "tags": [], "downloads": 0}
        self._json(info)

    def _tree(self, name: str, revision: str, contents: dict[str, Content], query: str) -> None:
        entries = [content.entry() for _, content in sorted(contents.items())]
        entries += [{"type": "directory", "path": "folder", "oid": "0" * 40, "size": 0}]
        entries += self.hub.extra_entries
        start = int(parse_qs(query).get("cursor", ["0"])[0])
        following = start + self.hub.page
        kind = "" if name.split("/")[0] in OTHERS else "models/"
        link = f"{self.hub.endpoint}/api/{kind}{name}/tree/{revision}?recursive=true"
        headers = {"Link": f'<{link}&cursor={following}>; rel="next"'}
        self._json(entries[start:following], headers if following < len(entries) else {})

    def _resolve(self, parts: list[str]) -> None:
        name, rest = self._name(parts)
        revision, path = unquote(rest[1]), unquote("/".join(rest[2:]))
        found = self._find(name, revision)
        if found is None:
            return
        commit, contents = found
        content = contents.get(path)
        if content is None:
            self._error(404, "EntryNotFound", "Entry not found", {"X-Repo-Commit": commit})
            return
        headers = {"X-Repo-Commit": commit, "X-Linked-Size": str(len(content.data))}
        if content.large:
            headers["X-Linked-ETag"] = f'"{content.etag}"'
            headers["Location"] = f"{self.hub.cdn}/store/{content.etag}?{SIGNATURE}&Expires=1"
            self._send(302, b"Found", headers)
            return
        headers["ETag"] = f'"{content.etag}"'
        headers["Location"] = f"/api/resolve-cache/{name}/{commit}/{quote(path)}"
        self._send(307, b"Temporary Redirect", headers)

    def _name(self, parts: list[str]) -> tuple[str, list[str]]:
        if parts[0] in OTHERS:
            return "/".join(parts[:3]), parts[3:]
        return "/".join(parts[:2]), parts[2:]

    def _find(
        self, name: str, revision: str, metadata: bool = False
    ) -> tuple[str, dict[str, Content]] | None:
        """A commit and its files, or None after the error was sent."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and token not in self.hub.tokens:
            self._error(401, "", "Invalid credentials in Authorization header")
            return None
        repo = self.hub.repos.get(name)
        reader = repo is not None and token in repo.readers
        if repo is None or (repo.private and not reader):
            self._error(404 if token else 401, "RepoNotFound", "Repository not found")
            return None
        if repo.gated and not reader and not metadata:
            said = f"Access to model {name} is restricted."
            self._error(403 if token else 401, "GatedRepo", said)
            return None
        commit = repo.refs.get(revision, revision)
        if commit not in repo.commits:
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
            return None
        return commit, repo.commits[commit]

    def _file(self, data: bytes, headers: dict[str, str]) -> None:
        if self.fault is not None and self.fault.flip:
            data = bytes([data[0] ^ 1]) + data[1:]
        asked = self.headers.get("Range", "")
        if not asked or (self.fault is not None and self.fault.whole):
            self._send(200, data, headers)
            return
        start = int(asked.removeprefix("bytes=").split("-")[0])
        if start >= len(data):
            self._send(416, b"", {"Content-Range": f"bytes */{len(data)}"})
            return
        headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._send(206, data[start:], headers)

    def _json(self, value: object, headers: Mapping[str, str] | None = None) -> None:
        self._send(
            200, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})}
        )

    def _error(
        self, status: int, code: str, said: str, headers: Mapping[str, str] | None = None
    ) -> None:
        more = {"X-Error-Code": code} if code else {}
        echo = f" (you sent {self.headers.get('Authorization')})" if self.hub.echo_token else ""
        answer = json.dumps({"error": said + echo}).encode()
        self._send(status, answer, {"X-Error-Message": said, **more, **(headers or {})})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        cut = self.fault.cut_after if self.fault is not None else None
        redirect = 300 <= status < 400
        if cut is not None and not redirect:
            self.wfile.write(body[:cut])
            self.wfile.flush()
            self.close_connection = True
            return
        self.wfile.write(body)
