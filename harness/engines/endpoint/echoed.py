"""Log-probabilities of a text's own tokens (`echo` and `logprobs` of /completions), read with suspicion."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Literal

NO_LOGPROB = -9000.0
"""OpenAI gives -9999 where it gives none."""
HIDDEN = ((0, 0), (1, 0), (0, 1), (1, 1))
"""Markers before and behind a text that vLLM lists among its tokens, and leaves out of the text."""
Fault = Literal["echo-ignored", "no-logprobs", "misaligned", "boundary"]
"""`echo-ignored`: the text does not come back. `no-logprobs`: its tokens have none. `misaligned`: the
tokens are not those of the text. `boundary`: one token lies across the end of the prompt."""


class DoubtfulError(Exception):
    """Log-probabilities that cannot be relied on."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True)
class Echoed:
    """Where each token of a text begins (-1: not known), and its log-probability (nats); None of the first."""

    starts: tuple[int, ...]
    logprobs: tuple[float | None, ...]

    def between(self, start: int, end: int) -> float:
        """The sum over the tokens that make up a part of the text.

        Raises:
            DoubtfulError: no token begins at its start or at its end, or one has no log-probability.
        """
        if start == end:
            return 0.0
        if start not in self.starts or end not in self.starts:
            raise DoubtfulError("boundary")
        found = [p for s, p in zip(self.starts, self.logprobs, strict=True) if start <= s < end]
        if not found or any(value is None for value in found):
            raise DoubtfulError("no-logprobs")
        return math.fsum(value for value in found if value is not None)


@dataclass(frozen=True)
class WrittenToken:
    """A token that a server wrote, its log-probability (nats), and the likeliest in its place."""

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...]

    @property
    def best(self) -> float | None:
        """The highest log-probability in its place; None where the server does not say."""
        return max((value for _, value in self.top), default=None)


def written_tokens(choice: Mapping[str, Any]) -> list[WrittenToken]:
    """The tokens of an answer, as either API gives them; none where there are no log-probabilities."""
    table = choice.get("logprobs")
    if not isinstance(table, Mapping):
        return []
    if isinstance(table.get("content"), list):
        return [
            WrittenToken(
                str(of.get("token", "")),
                float(of["logprob"]),
                _top(
                    (one.get("token"), one.get("logprob")) for one in of.get("top_logprobs") or ()
                ),
            )
            for of in table["content"]
            if isinstance(of.get("logprob"), int | float)
        ]
    tokens, values = table.get("tokens") or [], table.get("token_logprobs") or []
    tops = table.get("top_logprobs") or [{}] * len(tokens)
    return [
        WrittenToken(str(token), float(value), _top((top or {}).items()))
        for token, value, top in zip(tokens, values, tops, strict=False)
        if isinstance(value, int | float)
    ]


def listed(token: WrittenToken) -> tuple[tuple[str, float], ...]:
    """The likeliest tokens of a place, the one that was written among them."""
    own = () if token.text in dict(token.top) else ((token.text, token.logprob),)
    return (*token.top, *own)


def _top(pairs: Iterable[tuple[Any, Any]]) -> tuple[tuple[str, float], ...]:
    """Without what has no log-probability, or the number that stands for none."""
    found = ((str(token), value) for token, value in pairs if isinstance(value, int | float))
    return tuple((token, float(value)) for token, value in found if value > NO_LOGPROB)


def read_echo(choice: Mapping[str, Any], sent: str) -> Echoed:
    """The tokens of a text that was sent, from one answer of a server.

    Args:
        choice: with `text` and `logprobs`.
        sent: the text.

    Raises:
        DoubtfulError: it did not come back, or what stands beside it cannot be its tokens.
    """
    text, table = str(choice.get("text") or ""), choice.get("logprobs")
    if not text.startswith(sent):
        raise DoubtfulError("echo-ignored")
    if not isinstance(table, Mapping):
        raise DoubtfulError("no-logprobs")
    tokens, values = table.get("tokens") or [], table.get("token_logprobs") or []
    if len(tokens) != len(values) or len(tokens) < 2:
        raise DoubtfulError("no-logprobs")
    logprobs = tuple(_logprob(value) for value in values)
    return Echoed((*_starts(text, tokens, table.get("text_offset")), len(text)), (*logprobs, None))


def _starts(text: str, tokens: Sequence[Any], offsets: Any) -> tuple[int, ...]:
    """Where each token begins, by the tokens' own letters; by what the server says where these are no
    text (a part of a letter), if that fits wherever they are."""
    pieces = list(map(str, tokens))
    for before, behind in HIDDEN:
        shown = pieces[before : len(pieces) - behind]
        if "".join(shown) == text:
            starts = [0, *accumulate(map(len, shown))][: len(shown)]
            return (*(-1,) * before, *starts, *(len(text),) * behind)
    if "" in pieces:
        return _starts_from_the_end(text, pieces)
    if not isinstance(offsets, list) or len(offsets) != len(tokens) or not offsets:
        raise DoubtfulError("misaligned")
    found = [int(offset) - int(offsets[0]) for offset in offsets]
    ends = [*found[1:], len(text)]
    for start, end, token in zip(found, ends, tokens, strict=True):
        piece = text[start:end]
        if not 0 <= start <= end <= len(text) or (piece != token and piece.isascii() and piece):
            raise DoubtfulError("misaligned")
    return tuple(found)


def _starts_from_the_end(text: str, tokens: Sequence[str]) -> tuple[int, ...]:
    """The same where markers of the template have no letters, as llama_cpp.server gives them: counted from
    the end up to the last marker; -1 of what stands before, whose letters must still come in order."""
    starts, end, last = [-1] * len(tokens), len(text), len(tokens)
    while last and (tokens[last - 1] or end == len(text)):
        last -= 1
        if not text[:end].endswith(tokens[last]):
            raise DoubtfulError("misaligned")
        end -= len(tokens[last])
        starts[last] = end
    place = 0
    for token in tokens[:last]:
        place = text.find(token, place, end) + len(token)
        if place < len(token):
            raise DoubtfulError("misaligned")
    return tuple(starts)


def _logprob(value: Any) -> float | None:
    if isinstance(value, int | float) and math.isfinite(value) and value <= 1e-6:
        return min(float(value), 0.0)
    return None
