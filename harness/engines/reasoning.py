"""Reasoning: what a model writes for itself before it answers, and that is no part of the answer.

`<think>…</think>` of Qwen3, SmolLM3, DeepSeek R1 and Phi-4-mini-reasoning, `[THINK]…[/THINK]` of
Magistral. R1's template opens the reasoning itself, so that only its end is written by the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

MARKS = (("<think>", "</think>"), ("[THINK]", "[/THINK]"))
Decode = Callable[[Sequence[int]], str]


@dataclass(frozen=True)
class Parted:
    """What a model wrote, parted."""

    answer: str
    """Without the reasoning; empty where the reasoning was not finished."""
    reasoning: str | None = None
    """None where there was none."""
    finished: bool = True
    """Whether the reasoning was closed, so that an answer could follow."""


def open_mark(prompt: str) -> str | None:
    """The mark that closes the reasoning which a prompt leaves open; None where it leaves none."""
    ending = prompt.rstrip()
    return next((closer for opener, closer in MARKS if ending.endswith(opener)), None)


def closing(prompt: str) -> str:
    """What has to stand before an answer that follows such a prompt at once: the end of no reasoning.

    "\\n</think>\\n\\n" behind "<think>\\n", which is how Qwen3 and DeepSeek write that nothing is thought.
    """
    closer = open_mark(prompt)
    if closer is None:
        return ""
    return f"\n{closer}\n\n" if prompt.endswith("\n") else closer


def part(prompt: str, ids: Sequence[int], decode: Decode, decode_marked: Decode) -> Parted:
    """Parts what a model wrote into its reasoning and its answer.

    Args:
        prompt: the text that it goes on with.
        ids: what it wrote.
        decode: ids to text, without special tokens.
        decode_marked: the same with them, since the marks may be such.
    """
    whole = tuple(ids)
    text = decode(whole)
    marked = text if any(mark in text for pair in MARKS for mark in pair) else decode_marked(whole)
    opened = open_mark(prompt)
    begun = next((pair for pair in MARKS if marked.lstrip().startswith(pair[0])), None)
    closer = opened if begun is None else begun[1]
    if closer is None:
        return Parted(text)
    if closer not in marked:
        return Parted("", _bare(marked), finished=False)
    if closer in text:
        reasoning, _, answer = text.partition(closer)
        return Parted(answer, _bare(reasoning))
    end = _first_with(whole, closer, decode_marked)
    return Parted(decode(whole[end:]), _bare(decode(whole[:end])))


def counts(records: Iterable[dict[str, Any]]) -> dict[str, int]:
    """Of what samples keep: answers that held reasoning, and those whose reasoning was not finished."""
    found = [record["thought_finished"] for record in records if "thought_finished" in record]
    return {"answers": len(found), "unfinished": found.count(False)} if found else {}


def _first_with(ids: tuple[int, ...], mark: str, decode: Decode) -> int:
    """How many of the first ids it takes until a mark is whole."""
    low, high = 0, len(ids)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if mark in decode(ids[:middle]) else (middle, high)
    return high


def _bare(reasoning: str) -> str:
    for opener, _ in MARKS:
        reasoning = reasoning.strip().removeprefix(opener)
    return reasoning.strip()
