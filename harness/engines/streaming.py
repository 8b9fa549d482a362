"""Text while it is being written: given as soon as it can no longer change.

A character may take several tokens, and the end of an answer or of a thought several pieces; what may
be the beginning of one is held back. What is given in the end is `Completion.text`, made of all ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.engines.answerer import Completion, Piece
from harness.engines.reasoning import MARKS, Decode, open_mark
from harness.engines.stopping import cut

UNFINISHED = "\ufffd"
"""What a decoder puts where bytes are no character, or not yet."""


class GrowingText:
    """The text of ids that come one by one.

    Only the last few are decoded each time: from one id before those that gave no text yet, since some
    decoders drop a space that stands first.
    """

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._begin = self._given = 0

    def add(self, ids: Sequence[int]) -> str:
        """The text that the last of all ids so far adds; "" where it ends within a character."""
        known = self._decode(ids[self._begin : self._given])
        text = self._decode(ids[self._begin :])
        if text.endswith(UNFINISHED) or len(text) <= len(known):
            return ""
        self._begin, self._given = self._given, len(ids)
        return text[len(known) :]


class Parting:
    """Parts text that is being written into reasoning and answer, and holds back what may be a stop."""

    def __init__(self, prompt: str, stops: Sequence[str]) -> None:
        """Args:
        prompt: that the text goes on from; it may have opened a thought.
        stops: that end the answer.
        """
        self._closer = open_mark(prompt) or ""
        self._begun = bool(self._closer)
        self._stops, self._held = tuple(stops), ""
        self._answer, self._ended = "", False

    def add(self, text: str) -> Iterator[Piece]:
        """What of it, and of what was held back, can be given; nothing from the first stop on."""
        if self._ended:
            return
        self._held += text
        if not self._begun and not self._begin():
            return
        if self._closer:
            thought, mark, rest = self._held.partition(self._closer)
            if not mark:
                yield from self._give(len(self._held) - _open_end(self._held, (self._closer,)))
                return
            self._held, self._closer = rest, ""
            if thought:
                yield Piece(thought, reasoning=True)
        answer, stop = cut(self._answer + self._held, self._stops)
        self._ended = stop is not None
        behind = 0 if self._ended else _open_end(answer, self._stops)
        yield from self._give(max(0, len(answer) - len(self._answer) - behind))

    def rest(self, done: Completion) -> Iterator[Piece]:
        """What was held back and turned out to be part of the answer."""
        if done.text.startswith(self._answer) and len(done.text) > len(self._answer):
            yield Piece(done.text[len(self._answer) :])

    def _begin(self) -> bool:
        """Whether it is known if the text begins with a thought."""
        begun = self._held.lstrip()
        for opener, closer in MARKS:
            if begun.startswith(opener):
                self._held, self._closer = begun.removeprefix(opener), closer
                self._begun = True
                return True
        self._begun = not any(opener.startswith(begun) for opener, _ in MARKS)
        return self._begun

    def _give(self, count: int) -> Iterator[Piece]:
        """So many characters of what is held."""
        text, self._held = self._held[:count], self._held[count:]
        if text and not self._closer:
            self._answer += text
        if text:
            yield Piece(text, reasoning=bool(self._closer))


def _open_end(text: str, marks: Sequence[str]) -> int:
    """How many characters at the end of a text may be the beginning of one of some marks, or are one."""
    longest = max(map(len, marks), default=0)
    return next(
        (
            count
            for count in range(min(longest, len(text)), 0, -1)
            if any(mark.startswith(text[-count:]) for mark in marks)
        ),
        0,
    )
