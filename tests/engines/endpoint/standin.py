"""A server of OpenAI's API over real HTTP on this machine, with a toy model that anybody can recompute.

It does what it should, or one of the things that servers are reported to do wrong.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from harness.engines.endpoint.spec import EndpointSpec

WORDS = (
    " the",
    " bank",
    " rises",
    " falls",
    " positive",
    " negative",
    " and",
    " north,",
    " south,",
)
TOKEN = re.compile(r"\s*[^\s]+|\s+$")
TEMPLATE_TOKENS = 9
Body = Mapping[str, Any]


def tokens_of(text: str) -> list[str]:
    return TOKEN.findall(text)


def logprob(before: str, token: str) -> float:
    """Of a word that the model knows between -1 and -2, of any other between -4 and -6."""
    share = zlib.crc32(f"{before}|{token}".encode()) / 2**32
    return -(1 + share) if token in WORDS else -(4 + 2 * share)


def next_token(before: str, penalty: float = 1.0) -> str:
    """The likeliest; a penalty counts against words that stand there already."""
    return max(WORDS, key=lambda word: logprob(before, word) * (penalty if word in before else 1.0))


@dataclass
class StandIn:
    """What the server does, and what it was asked."""

    does: frozenset[str] = frozenset()
    model: str = "toy"
    owner: str = "tests"
    fails: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Status and headers of the next answers; status 0 breaks off in the middle of one."""
    after: int = 10**9
    """Requests for text after which it fails with what `then` says for good."""
    then: int = 500
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""
    looks: int = 0
    tls: ssl.SSLContext | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    cached: dict[str, float] = field(default_factory=dict)

    def spec(self, api: str = "completions", **more: Any) -> EndpointSpec:
        settings = {"model": "toy", "timeout": 5.0, "concurrency": 3, **more}
        return EndpointSpec(url=self.url, api=api, **settings)  # type: ignore[arg-type]

    @property
    def texts_asked(self) -> int:
        return len(self.asked)

    def read(self, body: Body) -> str:
        """What the model reads."""
        if "messages" in body:
            turns = "".join(f" <{one['role']}> {one['content']}" for one in body["messages"])
            return f"{turns} <assistant>"
        prompt = str(body["prompt"])
        return (
            f" <user> {prompt} and so it goes on here <assistant>"
            if "wraps" in self.does
            else prompt
        )

    def written(self, body: Body, text: str) -> tuple[list[str], str]:
        """The tokens that the model writes, and why it ended."""
        taken = "penalizes" in self.does and body.get("repeat_penalty") != 1
        found: list[str] = []
        limit = body.get("max_tokens") or body["max_completion_tokens"]
        for place in range(limit):
            before = text + "".join(found)
            token = next_token(before, 1.5 if taken else 1.0)
            if "samples" in self.does:
                token = WORDS[(len(self.asked) + place) % len(WORDS)]
            found.append(token)
        return found, "length"

    def answer(self, body: Body) -> dict[str, Any]:
        text = self.read(body)
        tokens, finish = self.written(body, text)
        said = "".join(tokens)
        choice: dict[str, Any] = {"index": 0, "finish_reason": finish}
        if "messages" in body:
            choice["message"] = {"role": "assistant", "content": said}
            if body.get("logprobs"):
                choice["logprobs"] = {"content": self.chat_logprobs(text, tokens)}
        else:
            choice["text"] = said
            echo = bool(body.get("echo")) and "ignores-echo" not in self.does
            choice["text"] = (text if echo else "") + said
            if body.get("logprobs") is not None and "no-logprobs" not in self.does:
                choice["logprobs"] = self.logprobs(text, tokens, echo)
        read = len(tokens_of(text))
        read = min(read, 40) if "cuts" in self.does else read
        usage = {"prompt_tokens": read, "completion_tokens": len(tokens)}
        model = "another" if "answers-as-another" in self.does else body["model"]
        counted = {} if "no-usage" in self.does else {"usage": usage}
        return {"model": model, "choices": [choice], **counted}

    def logprobs(self, text: str, tokens: list[str], echo: bool) -> dict[str, Any]:
        given = tokens_of(text) if echo else []
        if "merges" in self.does and echo and len(given) > 1:
            given = [*given[:-2], given[-2] + given[-1]]
        values: list[float | None] = []
        tops: list[dict[str, float] | None] = []
        before = "" if echo else text
        for token in [*given, *tokens]:
            best = next_token(before)
            values.append(self.scored(before, token))
            tops.append({best: logprob(before, best)})
            before += token
        if echo:
            values[0] = None
        if "shifts" in self.does and echo:
            values = [values[0], *values[2:], -3.0]
        return {"tokens": [*given, *tokens], "token_logprobs": values, "top_logprobs": tops}

    def scored(self, before: str, token: str) -> float:
        if "chance" in self.does:
            return -2.0
        value = logprob(before, token)
        if "stale" in self.does:
            place = f"{before}|{token}"
            with self.lock:
                value = self.cached.pop(place, value)
                self.cached[place] = value - 0.5
        return value

    def chat_logprobs(self, text: str, tokens: list[str]) -> list[dict[str, Any]]:
        found, before = [], text
        for token in tokens:
            best = next_token(before)
            top = {"token": best, "logprob": logprob(before, best)}
            found.append({"token": token, "logprob": logprob(before, token), "top_logprobs": [top]})
            before += token
        return found


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
            if failing is None and len(of.asked) > of.after:
                failing = of.then, {}
        if "hangs" in of.does:
            self.server.ended.wait(30)
            return
        if "repeats-key" in of.does:
            self.send({"error": {"message": f"wrong key: {of.keys[-1]}"}}, 401)
        elif failing is not None and failing[0]:
            self.send({"error": {"message": "not now"}}, failing[0], failing[1])
        elif "rejects-echo" in of.does and body.get("echo"):
            self.send({"error": {"message": "echo is not supported"}}, 400)
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
            self.event({"choices": [end], "usage": answer.get("usage")})
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
