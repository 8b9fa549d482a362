"""A server that speaks as much of the Hub's HTTP as fetching a data set needs."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Hub:
    """What the server has, and what it was asked. `status` is its answer to everything, if not 200."""

    repos: dict[str, dict[str, bytes]]
    endpoint: str = ""
    status: int = 200
    error_code: str = ""
    instead: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """By a part of the path, an answer of another status and content."""
    cut: bool = False
    """Whether to close the connection in the middle of a file."""
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving(repos: dict[str, dict[str, bytes]]) -> Iterator[Hub]:
    """The stand-in on a free local port."""
    hub = Hub(repos)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

        def _answer(self, body: bool) -> None:
            hub.asked.append(f"{self.command} {self.path}")
            status, content, headers = _reply(hub, self.path.partition("?")[0])
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                whole = not (hub.cut and "/resolve/" in self.path)
                self.wfile.write(content if whole else content[: len(content) // 2])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _reply(hub: Hub, path: str) -> tuple[int, bytes, dict[str, str]]:
    if hub.status != 200:
        return hub.status, b"{}", {"X-Error-Code": hub.error_code} if hub.error_code else {}
    for part, (status, content) in hub.instead.items():
        if part in path:
            return status, content, {}
    for repo, files in hub.repos.items():
        if path.startswith(f"/api/datasets/{repo}"):
            names = [{"rfilename": name} for name in files]
            info = {"id": repo, "sha": COMMIT, "siblings": names}
            return 200, json.dumps(info).encode(), {"Content-Type": "application/json"}
        prefix = f"/datasets/{repo}/resolve/{COMMIT}/"
        if path.startswith(prefix) and path.removeprefix(prefix) in files:
            content = files[path.removeprefix(prefix)]
            tag = hashlib.sha256(content).hexdigest()
            return 200, content, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT}
    return 404, b"{}", {"X-Error-Code": "RepoNotFound"}
