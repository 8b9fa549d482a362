"""Texts that end an answer: found in what was written, token by token, and cut off exactly.

A stop may lie across tokens, or begin within one, so it is looked for in text. What a model writes for
itself before it answers holds no end of the answer, nor does white space before the first word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.engines.reasoning import Decode, part

BEFORE = 4
"""Tokens decoded beside those that a stop may lie in: some decoders drop a space that stands first."""


def cut(text: str, stops: Sequence[str]) -> tuple[str, str | None]:
    """A text up to the first of some stops in it, and which that was; None where there is none.

    A stop that lies within the white space that the text begins with is none: nothing is answered yet.
    """
    begun = len(text) - len(text.lstrip())
    found = [
        (place, stop) for stop in stops if (place := text.find(stop, _least(stop, begun))) >= 0
    ]
    if not found:
        return text, None
    place, stop = min(found, key=lambda of: (of[0], -len(of[1])))
    return text[:place], stop


def _least(stop: str, begun: int) -> int:
    """Where a stop may first stand: its own first word not before the text's."""
    space = len(stop) - len(stop.lstrip())
    return begun if space == len(stop) else max(0, begun - space)


@dataclass(frozen=True)
class StopWatch:
    """Tells from the ids that were written whether an answer has ended.

    Attributes:
        stops: texts that end it.
        prompts: that are answered; one of each way to leave reasoning open is enough.
        decode: ids to text, without special tokens.
        decode_marked: the same with them.
    """

    stops: tuple[str, ...]
    prompts: tuple[str, ...]
    decode: Decode
    decode_marked: Decode

    def ended(self, ids: Sequence[int]) -> bool:
        """Whether they hold a stop; the last few are looked at before all are."""
        tail = self.decode(ids[-(max(len(stop.encode()) for stop in self.stops) + BEFORE) :])
        return any(stop in tail for stop in self.stops) and all(
            cut(part(prompt, ids, self.decode, self.decode_marked).answer, self.stops)[1]
            is not None
            for prompt in self.prompts
        )
