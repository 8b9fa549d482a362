"""A streaming server of OpenAI's API on this machine, with so many slots, and faults by request.

It serves from one thread, keeps connections open, and counts what it does, so that what a client says can
be held against it.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.engines.endpoint.spec import EndpointSpec

Fault = Literal["", "429", "500", "reset", "half", "hang", "empty", "another", "whole"]
Body = dict[str, Any]


@dataclass
class Served:
    """What the server does, and what it was asked.

    Attributes:
        slots: requests that are worked on at once; others wait, first come first served.
        token_seconds: that each token takes, the first included.
        fault: of a request for a stream, by its number from 0.
        counts: whether it counts tokens in streams.
        refuses: settings that it answers 400 to, by name.
        short: tokens at most, whatever was asked for.
    """

    slots: int = 4
    token_seconds: float = 0.0
    fault: Callable[[int], Fault] = lambda number: ""
    counts: bool = True
    refuses: tuple[str, ...] = ()
    short: int = 10**6
    streamed: list[Body] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    def spec(self, **more: Any) -> EndpointSpec:
        settings = {"model": "toy", "api": "completions", "timeout": 5.0, "retries": 0, **more}
        return EndpointSpec(url=self.url, **settings)

    @property
    def prompts(self) -> list[str]:
        return [body["prompt"] for body in self.streamed]


class _Connection:
    def __init__(self, of: Served, slots: asyncio.Semaphore, writer: asyncio.StreamWriter) -> None:
        self.of, self.slots, self.writer = of, slots, writer

    async def serve(self, reader: asyncio.StreamReader) -> None:
        while head := await self._head(reader):
            method, path, length = head
            raw = await reader.readexactly(length)
            if method == "GET":
                self._whole(200 if path == "/v1/models" else 404, {"data": [{"id": "toy"}]})
            elif path != "/v1/completions":
                self._whole(404, {"error": {"message": "no such page"}})
            elif not await self._post(json.loads(raw)):
                return
            await self.writer.drain()

    async def _head(self, reader: asyncio.StreamReader) -> tuple[str, str, int] | None:
        try:
            raw = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return None
        first, *rest = raw.decode().split("\r\n")
        lengths = [one for one in rest if one.lower().startswith("content-length:")]
        method, path, _ = first.split(" ")
        return method, path, int(lengths[0].split(":")[1]) if lengths else 0

    def _whole(self, status: int, data: Any) -> None:
        raw = json.dumps(data).encode()
        head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}"
        self.writer.write(f"{head}\r\n\r\n".encode() + raw)

    async def _post(self, body: Body) -> bool:
        """Answers; False where the connection is not to be used again."""
        refused = [name for name in self.of.refuses if name in body]
        if refused:
            self._whole(400, {"error": {"message": f"Unknown argument: {refused[0]}"}})
            return True
        tokens = min(body["max_tokens"], self.of.short)
        usage = {"prompt_tokens": len(body["prompt"].split()), "completion_tokens": tokens}
        if not body.get("stream"):
            choice = {"text": " a" * tokens, "finish_reason": "length"}
            self._whole(200, {"model": "toy", "choices": [choice], "usage": usage})
            return True
        fault = self.of.fault(len(self.of.streamed))
        self.of.streamed.append(body)
        async with self.slots:
            return await self._faulty(fault, tokens, usage)

    async def _faulty(self, fault: Fault, tokens: int, usage: Body) -> bool:
        if fault in ("429", "500"):
            self._whole(int(fault), {"error": {"message": "too many of you"}})
        elif fault == "hang":
            await asyncio.Event().wait()
        elif fault == "reset":
            self.writer.transport.abort()
            return False
        elif fault == "whole":
            choice = {"text": " a" * tokens, "finish_reason": "length"}
            self._whole(200, {"model": "toy", "choices": [choice], "usage": usage})
        else:
            await self._stream(fault, 0 if fault == "empty" else tokens, usage)
        return True

    async def _stream(self, fault: Fault, tokens: int, usage: Body) -> None:
        model = "other" if fault == "another" else "toy"
        self.writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(tokens):
            if self.of.token_seconds:
                await asyncio.sleep(self.of.token_seconds)
            self._event({"model": model, "choices": [{"text": " a", "finish_reason": None}]})
        if fault == "half":
            self._chunk(b'data: {"model": "toy", "choi\n\n')
        else:
            counted = {"completion_tokens": tokens, "prompt_tokens": usage["prompt_tokens"]}
            end = {"model": model, "choices": [{"text": "", "finish_reason": "length"}]}
            self._event({**end, "usage": counted} if self.of.counts else end)
            self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _event(self, data: Body) -> None:
        self._chunk(f"data: {json.dumps(data)}\n\n".encode())

    def _chunk(self, raw: bytes) -> None:
        self.writer.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")


@contextmanager
def serving(of: Served) -> Iterator[Served]:
    """Answers until the block ends."""
    loop = asyncio.new_event_loop()
    slots = asyncio.Semaphore(of.slots)

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        of.connections += 1
        try:
            await _Connection(of, slots, writer).serve(reader)
        except ConnectionError:
            pass  # a client that has had enough
        finally:
            writer.close()

    server = loop.run_until_complete(asyncio.start_server(connected, "127.0.0.1", 0))
    of.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield of
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    own = asyncio.current_task()
    open_tasks = [task for task in asyncio.all_tasks() if task is not own]
    for task in open_tasks:
        task.cancel()
    await asyncio.gather(*open_tasks, return_exceptions=True)
