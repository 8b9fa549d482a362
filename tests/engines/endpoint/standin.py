"""A server of OpenAI's API over real HTTP on this machine, with a toy model that anybody can recompute.

It does what it should, or one of the things that servers are reported to do wrong.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

from harness.engines.endpoint.spec import EndpointSpec
from tests.engines.endpoint.toy import Body, Toy, tokens_of


@dataclass
class StandIn(Toy):
    """What the server does, and what it was asked."""

    model: str = "toy"
    owner: str = "tests"
    fails: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Status and headers of the next answers; status 0 breaks off in the middle of one."""
    after: int = 10**9
    """Requests for text after which it fails with what `then` says for good."""
    counting: str = ""
    """A text; only requests that hold it count for that."""
    then: int | Literal["hang", "die"] = 500
    """A status, 0 for half an answer; or it gives none, or closes the connection."""
    wait: int = 0
    """Seconds that a refusal asks to wait."""
    keys: list[str] = field(default_factory=list)
    url: str = ""
    looks: int = 0
    tls: ssl.SSLContext | None = None

    def spec(self, api: str = "completions", **more: Any) -> EndpointSpec:
        settings = {"model": "toy", "timeout": 5.0, "concurrency": 3, **more}
        return EndpointSpec(url=self.url, api=api, **settings)  # type: ignore[arg-type]

    @property
    def texts_asked(self) -> int:
        return len(self.asked)


def listed_of(body: Body) -> list[int]:
    """How many tokens are to be listed."""
    return [body[key] for key in ("logprobs", "top_logprobs") if key in body]


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        of = self.server.of
        if "hangs" in of.does:
            of.looks += 1
            self.server.ended.wait(30)
        elif self.path == "/v1/models":
            self.send({"data": [{"id": of.model, "created": time.time(), "owned_by": of.owner}]})
        else:
            self.send({"error": "no such page"}, 404)

    def do_POST(self) -> None:
        of = self.server.of
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(raw)
        if not body:
            self.send({"error": {"message": "no model"}}, 404 if "no-chat" in of.does else 400)
            return
        with of.lock:
            of.asked.append((self.path, body))
            of.keys.append(self.headers.get("Authorization", ""))
            failing = of.fails.pop(0) if of.fails else None
            counted = sum(of.counting in str(sent) for _, sent in of.asked)
            ends = failing is None and counted > of.after
        if ends and of.then == "die":
            self.close_connection = True
            return
        if ends and isinstance(of.then, int):
            failing = of.then, {"Retry-After": str(of.wait)} if of.wait else {}
        if "hangs" in of.does or (ends and of.then == "hang"):
            self.server.ended.wait(30)
            return
        if "repeats-key" in of.does:
            self.send({"error": {"message": f"wrong key: {of.keys[-1]}"}}, 401)
        elif failing is not None and failing[0]:
            self.send({"error": {"message": "not now"}}, failing[0], failing[1])
        elif "rejects-echo" in of.does and body.get("echo"):
            self.send({"error": {"message": "echo is not supported"}}, 400)
        elif "lists 5" in of.does and max(map(int, listed_of(body)), default=0) > 5:
            self.send({"error": {"message": "at most 5 log-probabilities"}}, 400)
        elif refused := [name for name in body if f"rejects {name}" in of.does]:
            self.send({"detail": f"unknown argument: {refused[0]}"}, 422)
        else:
            self.write(of.answer(body), bool(body.get("stream")), half=failing is not None)

    def write(self, answer: dict[str, Any], stream: bool, half: bool) -> None:
        if not stream or "no-stream" in self.server.of.does:
            self.send(answer, half=half)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        choice = answer["choices"][0]
        text = choice["message"]["content"] if "message" in choice else choice["text"]
        for token in tokens_of(text)[: 1 if half else None]:
            part = {"delta": {"content": token}} if "message" in choice else {"text": token}
            self.event({"model": answer["model"], "choices": [part]})
        if not half:
            end = {"delta": {}, "finish_reason": choice["finish_reason"]}
            self.event({**answer, "choices": [end]})
            self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def event(self, data: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())

    def send(
        self,
        data: Any,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        half: bool = False,
    ) -> None:
        raw = json.dumps(data).encode()
        raw = raw[: len(raw) // 2] if half else raw
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, of: StandIn) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.of, self.ended = of, threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has read enough closes the connection."""


@contextmanager
def standing_in(of: StandIn | None = None, *does: str, **more: Any) -> Iterator[StandIn]:
    """A server that answers until the block ends."""
    of = of or StandIn(frozenset(does), **more)
    server = _Server(of)
    if of.tls is not None:
        server.socket = of.tls.wrap_socket(server.socket, server_side=True)
    of.url = f"http{'s' if of.tls else ''}://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield of
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
