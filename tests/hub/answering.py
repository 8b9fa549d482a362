"""How the stand-in of the Hub answers a request."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

from tests.hub.stored import Content, Fault, Seen, StoredHub
from tests.hub.taking import keep_upload, take

SIGNATURE = "Signature=stand-in-signature"
OTHERS = ("datasets", "spaces")
"""Kinds of repos whose names begin with their kind."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that left is no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, hub: StoredHub, cdn: bool, *args: object) -> None:
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

    def do_POST(self) -> None:
        body = self._body()
        self.hub.note(Seen(self.command, self.path, self._headers(), self.cdn))
        self.fault = self.hub.take_fault(self.command, self.path)
        if self.fault is not None and self.fault.status:
            self._send(self.fault.status, self.fault.body, dict(self.fault.headers))
            return
        taken = take(self.hub, self.path, self._headers(), body)
        if taken.status == 409:
            self._send(409, json.dumps({**taken.body, "error": taken.error}).encode(), {})
        elif taken.error:
            code = "RepoNotFound" if taken.status == 404 else ""
            self._error(taken.status, code, taken.error)
        else:
            self._json(taken.body)

    def do_PUT(self) -> None:
        body = self._body()
        self.hub.note(Seen(self.command, self.path, self._headers(), self.cdn))
        forbidden = "Authorization" in self.headers or not self.cdn
        status = 400 if forbidden else keep_upload(self.hub, self.path, body)
        self._send(status, b"", {})

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

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
