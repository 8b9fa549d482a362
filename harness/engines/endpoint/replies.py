"""Reads what a server writes, as it comes: server-sent events of both of OpenAI's APIs, or one JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from harness.engines.endpoint.failures import FailedRequest, words
from harness.money import Tokens

DONE = "[DONE]"
"""The last event of a stream."""


class UnfinishedError(ValueError):
    """An answer broke off."""


@dataclass
class Reply:
    """What was written behind one prompt, and what the server counted.

    Attributes:
        text: the answer.
        reasoning: what a server that parts it gives beside the answer.
        finish: `stop`, `length`, or another word of the server.
        model: that answered, as the server calls it; "" where it does not say.
        prompt_tokens: that were read; None where it does not say.
        new_tokens: that were written, reasoning included; None where it does not say.
        cached_tokens: of those that were read, those that the server had cached, as far as it says.
        reasoning_tokens: of those that were written, those that are no part of the answer, as far as it
            says.
        fingerprint: of the server's own configuration; "" where it does not say.
        times: of each piece, seconds from the request until it was there.
        seconds: until the whole answer was.
        choice: the answer as it came, of one that came in one piece.
        remembered: whether it was asked for before, and nothing was sent.
    """

    text: str = ""
    reasoning: str = ""
    finish: str = ""
    model: str = ""
    prompt_tokens: int | None = None
    new_tokens: int | None = None
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    fingerprint: str = ""
    times: list[float] = field(default_factory=list)
    seconds: float = 0.0
    choice: Mapping[str, Any] = field(default_factory=dict)
    remembered: bool = False

    def record(self) -> dict[str, Any]:
        """What a sample keeps of the request."""
        return {
            "seconds": round(self.seconds, 4),
            "first_seconds": round(self.times[0], 4) if self.times else None,
            "prompt_tokens": self.prompt_tokens,
            "new_tokens": self.new_tokens if self.new_tokens is not None else len(self.times),
            "counted": "server" if self.new_tokens is not None else "pieces",
        }

    def take(self, part: Mapping[str, Any], seconds: float) -> None:
        """One event of the answer, or the whole of it."""
        if part.get("error"):
            said = words(json.dumps(part))
            raise FailedRequest("broken", f"The server broke off: {said}", "Its log may say why.")
        self.model = str(part.get("model") or self.model)
        self.fingerprint = str(part.get("system_fingerprint") or self.fingerprint)
        if usage := part.get("usage") or {}:
            self._take_usage(usage)
        for choice in part.get("choices") or ():
            said = choice.get("delta") or choice.get("message") or choice
            text = said.get("content") or said.get("text") or ""
            thought = said.get("reasoning_content") or said.get("reasoning") or ""
            if text or thought:
                self.times.append(seconds)
            self.text += text
            self.reasoning += thought
            self.finish = str(choice.get("finish_reason") or self.finish)
            self.choice = choice

    def _take_usage(self, usage: Mapping[str, Any]) -> None:
        """Tokens by the server's count. Reasoning is written, and billed as such: servers that count it
        apart from what they write hold it in the total alone."""
        self.prompt_tokens = _count(usage.get("prompt_tokens"), self.prompt_tokens)
        self.new_tokens = _count(usage.get("completion_tokens"), self.new_tokens)
        read, written = (
            usage.get(f"{part}_tokens_details") or {} for part in ("prompt", "completion")
        )
        hit = _count(usage.get("prompt_cache_hit_tokens"), self.cached_tokens)
        self.cached_tokens = _count(read.get("cached_tokens"), hit) or 0
        thought = _count(written.get("reasoning_tokens"), self.reasoning_tokens)
        self.reasoning_tokens = thought or 0
        total = _count(usage.get("total_tokens"), None)
        if total is not None and self.prompt_tokens is not None and self.new_tokens is not None:
            self.new_tokens = max(self.new_tokens, total - self.prompt_tokens)

    @property
    def billed(self) -> Tokens | None:
        """What the server counted, so what it bills; None where it does not say."""
        if self.prompt_tokens is None or self.new_tokens is None:
            return None
        return Tokens(self.prompt_tokens, self.new_tokens, self.cached_tokens)


def read_reply(
    response: httpx2.Response,
    elapsed: Callable[[], float],
    ended: Callable[[Reply], bool] = lambda reply: False,
) -> Reply:
    """A whole answer, or one up to where `ended` finds that it need not go on.

    Raises:
        FailedRequest: the server says that it failed, or takes too long.
        ValueError: what came is no whole answer.
    """
    reply = Reply()
    if "event-stream" in response.headers.get("Content-Type", ""):
        for part in _events(response):
            reply.take(part, elapsed())
            if ended(reply):
                reply.finish = "stop"
                break
    else:
        raw = []
        for chunk in response.iter_bytes():
            raw.append(chunk)
            elapsed()
        reply.take(json.loads(b"".join(raw)), elapsed())
    reply.seconds = elapsed()
    if not reply.finish:
        raise UnfinishedError("it does not say that it ended")
    return reply


def _events(response: httpx2.Response) -> Iterator[Mapping[str, Any]]:
    for line in response.iter_lines():
        data = event_data(line)
        if data == DONE:
            return
        if data:
            yield json.loads(data)


def event_data(line: str) -> str:
    """What a line of a stream of events holds; "" where it holds nothing."""
    return line.removeprefix("data:").strip() if line.startswith("data:") else ""


def _count(value: Any, before: int | None) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and value >= 0 else before
