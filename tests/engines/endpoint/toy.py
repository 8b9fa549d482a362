"""A toy model that anybody can recompute, as a server asks it: it answers as OpenAI's API has it, or does
one of the things that servers are reported to do wrong with log-probabilities and constraints."""

from __future__ import annotations

import json
import re
import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

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
LABELS = (" positive", " negative")
Body = Mapping[str, Any]


def of_grammar(grammar: str) -> list[str]:
    return [json.loads(part) for part in grammar.removeprefix("root ::= ").split(" | ")]


HELD: Mapping[str, Callable[[Any], list[str]]] = {
    "structured_outputs": lambda sent: list(sent["choice"]),
    "guided_choice": list,
    "grammar": of_grammar,
    "response_format": lambda sent: list(
        sent["json_schema"]["schema"]["properties"]["answer"]["enum"]
    ),
}
"""How the choices are read from each form of constraint."""


def tokens_of(text: str) -> list[str]:
    return TOKEN.findall(text)


def logprob(before: str, token: str) -> float:
    """Of a word that the model knows between -2.5 and -3.5, of any other between -4 and -6."""
    share = zlib.crc32(f"{before}|{token}".encode()) / 2**32
    return -(2.5 + share) if token in WORDS else -(4 + 2 * share)


@dataclass
class Toy:
    """The model, and what the server does with it."""

    does: frozenset[str] = frozenset()
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    cached: dict[str, float] = field(default_factory=dict)
    fingerprint: str = ""

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
            token = self.next_token(before, 1.5 if taken else 1.0)
            if "samples" in self.does:
                token = WORDS[(len(self.asked) + place) % len(WORDS)]
            if "samples-by-seed" in self.does:
                token = WORDS[(int(body.get("seed", 0)) + place) % len(WORDS)]
            found.append(token)
        return found, "length"

    def value(self, before: str, token: str) -> float:
        """The model's log-probability; one that answers in labels has these between -1.5 and -2."""
        found = logprob(before, token)
        return found * 0.5 - 0.25 if "answers" in self.does and token in LABELS else found

    def next_token(self, before: str, penalty: float = 1.0) -> str:
        """The likeliest; a penalty counts against words that stand there already."""
        return self.tops(before, 1, penalty)[0][0]

    def tops(self, before: str, number: int, penalty: float = 1.0) -> list[tuple[str, float]]:
        """The likeliest tokens with their log-probabilities."""

        def rank(word: str) -> float:
            return self.value(before, word) * (penalty if word in before else 1.0)

        return [
            (word, self.value(before, word)) for word in sorted(WORDS, key=rank)[: -number - 1 : -1]
        ]

    def held(self, body: Body, text: str) -> str | None:
        """What it writes where it holds to a constraint that is sent."""
        for form, read in HELD.items():
            if form in body and f"holds {form}" in self.does:
                said = max(read(body[form]), key=lambda choice: logprob(text, choice))
                return json.dumps({"answer": said}) if form == "response_format" else said
        return None

    def answer(self, body: Body) -> dict[str, Any]:
        text = self.read(body)
        held = self.held(body, text)
        tokens, finish = self.written(body, text) if held is None else ([held], "stop")
        said = "".join(tokens)
        choice: dict[str, Any] = {"index": 0, "finish_reason": finish}
        if "messages" in body:
            choice["message"] = {"role": "assistant", "content": said}
            if body.get("logprobs") and "no-logprobs" not in self.does:
                number = body.get("top_logprobs", 0)
                choice["logprobs"] = {"content": self.chat_logprobs(text, tokens, number)}
        else:
            choice["text"] = said
            echo = bool(body.get("echo")) and "ignores-echo" not in self.does
            choice["text"] = (text if echo else "") + said
            if body.get("logprobs") is not None and "no-logprobs" not in self.does:
                choice["logprobs"] = self.logprobs(text, tokens, echo, body["logprobs"])
        read = len(tokens_of(text))
        read = min(read, 40) if "cuts" in self.does else read
        usage = {"prompt_tokens": read, "completion_tokens": len(tokens)}
        model = "another" if "answers-as-another" in self.does else body["model"]
        counted = {} if "no-usage" in self.does else {"usage": usage}
        under = {"system_fingerprint": self.fingerprint} if self.fingerprint else {}
        return {"model": model, "choices": [choice], **counted, **under}

    def logprobs(self, text: str, tokens: list[str], echo: bool, number: int) -> dict[str, Any]:
        given = tokens_of(text) if echo else []
        if "merges" in self.does and echo and len(given) > 1:
            given = [*given[:-2], given[-2] + given[-1]]
        values: list[float | None] = []
        tops: list[dict[str, float] | None] = []
        before = "" if echo else text
        for token in [*given, *tokens]:
            values.append(self.scored(before, token))
            tops.append(dict(self.listed(before, number)))
            before += token
        if echo:
            values[0] = None
        if "stale-blocks" in self.does:
            values = self.from_blocks([*given, *tokens], values)
        if "shifts" in self.does and echo:
            values = [values[0], *values[2:], -3.0]
        return {"tokens": [*given, *tokens], "token_logprobs": values, "top_logprobs": tops}

    def from_blocks(self, tokens: list[str], values: list[float | None]) -> list[float | None]:
        """Whole blocks of 32 tokens as they are kept, wrongly, from when they were first computed."""
        found = list(values)
        for begin in range(0, len(tokens) - 31, 32):
            block = "".join(tokens[: begin + 32])
            with self.lock:
                if block in self.cached:
                    found[begin : begin + 32] = [
                        value and value - 0.5 for value in values[begin : begin + 32]
                    ]
                self.cached[block] = 1.0
        return found

    def scored(self, before: str, token: str) -> float:
        if "chance" in self.does:
            return -2.0
        value = self.value(before, token)
        if "stale" in self.does:
            place = f"{before}|{token}"
            with self.lock:
                value = self.cached.pop(place, value)
                self.cached[place] = value - 0.5
        return value

    def listed(self, before: str, number: int) -> list[tuple[str, float]]:
        """The likeliest tokens as it gives them."""
        found = self.tops("everywhere" if "same-tops" in self.does else before, number)
        if "processed" in self.does:
            return [(token, -9999.0 if place else 0.0) for place, (token, _) in enumerate(found)]
        if "no-distribution" in self.does:
            return [(token, -0.1) for token, _ in found]
        return [] if "no-tops" in self.does else found

    def chat_logprobs(self, text: str, tokens: list[str], number: int) -> list[dict[str, Any]]:
        found, before = [], text
        for token in tokens:
            tops = [{"token": word, "logprob": of} for word, of in self.listed(before, number)]
            value = self.value(before, token)
            found.append({"token": token, "logprob": value, "top_logprobs": tops})
            before += token
        return found
