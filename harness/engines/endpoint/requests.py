"""The requests of both APIs, without what a server turns out not to take."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from harness.engines.answerer import Asked
from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.remembered import Memory
from harness.engines.endpoint.replies import Reply, read_reply
from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.endpoint.transport import Read, Transport
from harness.engines.endpoint.usage import Usage
from harness.engines.endpoint.written import has_ended
from harness.engines.protocol import Sampling

GREEDY: dict[str, float] = {
    "temperature": 0,
    "top_p": 1,
    "seed": 0,
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "repeat_penalty": 1,
    "repetition_penalty": 1,
}
"""Sent with each request, since servers have defaults of their own: llama_cpp.server and Ollama punish
repetition by 1.1 unless told otherwise, at temperature 0, too. The last is vLLM's name for the one
before."""
FIXED = ("ignore_eos", "min_tokens")
"""What holds an answer to its full length, by vLLM's names, which other servers take, too, or pass over."""
OPTIONAL = ("stream_options", *FIXED, "top_k", *reversed(GREEDY))
"""What is asked for and can be done without; that it was is said in the result."""
REFUSALS = frozenset({400, 422})


class Requests:
    """Asks for one answer at a time; may be used by several threads."""

    def __init__(self, transport: Transport) -> None:
        self.transport, self._spec = transport, transport.spec
        self._lock, self._here = threading.Lock(), threading.local()
        self.memory = Memory(self._spec.memory, self._spec.url, self._spec.model)
        self.before_sending: Callable[[], None] = lambda: None
        """Called before a request whose answer is not remembered."""
        self.refused: set[str] = set()
        """What the server does not take of what it was asked for."""
        self.other_model = ""
        """Another model that has answered."""

    def write(
        self,
        asked: Mapping[str, Any],
        new_tokens: int,
        stops: Sequence[str] = (),
        seed: int = 0,
    ) -> Reply:
        """What the model writes greedily.

        Args:
            asked: `messages` or `prompt`.
            new_tokens: at most.
            stops: texts that end it. They are looked for here, and the connection is closed: a server
                would not say which it was, and takes one before the first word for an end, too.
            seed: of the server's sampling, which should find nothing to do.

        Raises:
            FailedRequest, EndpointError: see `Transport.post`; or another model answered.
        """
        body = _streamed(new_tokens) | GREEDY | {"seed": seed}
        return self._send(asked, body, partial(has_ended, stops=stops), stops)

    def sample(
        self,
        asked: Mapping[str, Any],
        new_tokens: int,
        sampling: Sampling,
        ended: Callable[[Reply], bool],
    ) -> Reply:
        """What the model writes, drawn by the server as `sampling` says.

        Args:
            asked: `messages` or `prompt`.
            new_tokens: at most.
            sampling: how; what the server does not take of it is left out, and `refused` names it.
            ended: is given the reply after each piece; whether it need not go on.

        Raises:
            FailedRequest, EndpointError: see `write`.
        """
        drawn = {
            **GREEDY,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": sampling.top_k,
            "seed": sampling.seed,
            "repeat_penalty": sampling.repetition_penalty,
            "repetition_penalty": sampling.repetition_penalty,
        }
        return self._send(asked, _streamed(new_tokens) | drawn, ended)

    def write_all(self, asked: Mapping[str, Any], new_tokens: int) -> Reply:
        """As `write`, but of the full length where the server allows that."""
        return self._send(asked, _at_length(new_tokens))

    def as_sent(self, asked: Mapping[str, Any], new_tokens: int) -> tuple[str, dict[str, Any]]:
        """Path and body of what `write_all` asks, as far as the server is known to take it."""
        path, whole = self._whole(asked, _at_length(new_tokens))
        return path, _taken(whole, frozenset(self.refused))

    def count(self, asked: Mapping[str, Any]) -> int | None:
        """How many tokens the server says that it read of a prompt; None where it does not say.

        Not as a stream, in which some servers count nothing.
        """
        return self._send(asked, {"max_tokens": 1, **GREEDY}).prompt_tokens

    def echo(self, prompt: str) -> Reply:
        """A text with the log-probabilities of its tokens, and one token more, which not every server
        can do without."""
        body = {"echo": True, "logprobs": 1, "max_tokens": 1, **GREEDY}
        return self._send({"prompt": prompt}, body)

    def likeliest(self, asked: Mapping[str, Any], new_tokens: int, top: int = 1) -> Reply:
        """What the model writes greedily, with the log-probability of each token and of the `top`
        likeliest in its place."""
        chat = {"logprobs": True, "top_logprobs": top}
        how = chat if "messages" in asked else {"logprobs": top}
        return self._send(asked, {**how, "max_tokens": new_tokens, **GREEDY})

    def constrained(self, asked: Mapping[str, Any], constraint: Mapping[str, Any]) -> Reply:
        """What the model writes greedily where it is held to something."""
        return self._send(asked, {**GREEDY, **constraint})

    def _send(
        self,
        asked: Mapping[str, Any],
        body: Mapping[str, Any],
        ended: Callable[[Reply], bool] = lambda reply: False,
        ends: Sequence[str] = (),
    ) -> Reply:
        path, whole = self._whole(asked, body)
        key = self.memory.key(path, whole, ends)
        reply = self.memory.recall(key)
        if reply is None:
            self.before_sending()
            try:
                reply = self._answer(path, whole, partial(read_reply, ended=ended))
            except FailedRequest as failed:
                self.memory.keep_refusal(key, failed)
                raise
            self.memory.keep(key, reply)
        usage: Usage | None = getattr(self._here, "usage", None)
        if usage is not None:
            usage.add(whole, reply)
        return reply

    def _answer(self, path: str, body: Mapping[str, Any], read: Read[Reply]) -> Reply:
        while True:
            refused = frozenset(self.refused)
            try:
                reply = self.transport.post(path, _taken(body, refused), read)
            except FailedRequest as failed:
                if failed.status not in REFUSALS or not self._can_do_without(failed, body, refused):
                    raise
                continue
            check_model(self._spec, reply.model)
            return reply

    def _whole(
        self, asked: Mapping[str, Any], body: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        path = "/chat/completions" if "messages" in asked else "/completions"
        return path, {"model": self._spec.model, **asked, **body}

    @contextmanager
    def counting(self) -> Iterator[Usage]:
        """Counts what this thread's requests take within."""
        self._here.usage = usage = Usage()
        try:
            yield usage
        finally:
            self._here.usage = None

    def _can_do_without(
        self, failed: FailedRequest, body: Mapping[str, Any], refused: frozenset[str]
    ) -> bool:
        """Notes what a server says that it does not take."""
        for name in ("max_tokens", *OPTIONAL):
            if name in body and name not in refused and name in failed.message:
                with self._lock:
                    self.refused.add(name)
                return True
        return False


def check_model(spec: EndpointSpec, answered: str) -> None:
    """A dated version ("gpt-5-2026-01-01" of "gpt-5") and a tag (":latest") are the model itself.

    Raises:
        FailedRequest: another model has answered.
    """
    wanted = spec.model
    rest = answered.removeprefix(wanted)
    if not answered or not rest or (answered.startswith(wanted) and rest[0] in "-:@"):
        return
    raise FailedRequest(
        "lasting",
        f"The server {spec.host} was asked for `{wanted}`, and `{answered}` answers",
        "Name the model that is meant as the server calls it.",
        name="another model",
    )


def _at_length(new_tokens: int) -> dict[str, Any]:
    held = {"ignore_eos": True, "min_tokens": new_tokens}
    return _streamed(new_tokens) | GREEDY | held


def _streamed(new_tokens: int) -> dict[str, Any]:
    usage = {"include_usage": True}
    return {"stream": True, "stream_options": usage, "max_tokens": new_tokens}


def _taken(body: Mapping[str, Any], refused: frozenset[str]) -> dict[str, Any]:
    found = {key: value for key, value in body.items() if key not in refused}
    if "max_tokens" in refused:
        found["max_completion_tokens"] = body["max_tokens"]
    return found


def asked_of(prompt: Asked, api: str) -> dict[str, Any]:
    """A prompt in the form that an API takes."""
    if api == "chat":
        return {"messages": list(prompt.messages) or [{"role": "user", "content": prompt.text}]}
    return {"prompt": prompt.text}
