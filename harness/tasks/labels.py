"""Which label a written answer names.

It is read as a person would read it: it is a label word for word, or its first line is; it says so
("Answer: B", which may conclude a long reasoning); it begins with one; or it names one and no other. What
would have to be guessed at names none: a label that is denied or asked about, several side by side.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.tasks.label_words import (
    CUES,
    FILLER,
    LISTING,
    MARKS,
    REASON,
    TAGS,
    is_chosen,
    is_denied,
    is_word,
)
from harness.tasks.spellings import Folded, Mention, mentions, word_for_word


def parse_label(text: str, labels: Sequence[str]) -> str | None:
    """The label that a text names, as it stands among `labels`.

    Labels are words of their own, in any case; of those that overlap the longest counts. Single letters
    are told by case, or by standing first. In scripts without spaces a word needs none around it.

    Args:
        text: what was written; reasoning before it is cut off already.
        labels: what could be answered.

    Returns:
        None where it names no label, or more than one: that is reported as unparsed, not guessed at.
    """
    whole = word_for_word(Folded.of(text), labels)
    if whole is not None:
        return whole
    folded = Folded.of(text if any("<" in label for label in labels) else TAGS.sub(" ", text))
    return Reading(folded, mentions(folded, labels)).label()


@dataclass(frozen=True)
class Reading:
    """A written answer, and the labels that stand in it."""

    written: Folded
    found: Sequence[Mention]

    @property
    def text(self) -> str:
        """The answer with its case folded."""
        return self.written.text

    def label(self) -> str | None:
        """What it names."""
        alone = self._alone()
        if alone is not None:
            return alone
        announced, begun = self._announced(), self._begun()
        if announced:
            agreed = announced | ({begun} if begun is not None else set())
            return agreed.pop() if len(agreed) == 1 else None
        return begun or self._named()

    @cached_property
    def lines(self) -> list[tuple[int, int]]:
        """Where each line begins and ends that holds more than signs."""
        found = ((match.start(), match.end()) for match in re.finditer(r"[^\n]+", self.text))
        return [(start, end) for start, end in found if self.text[start:end].strip(MARKS)]

    @cached_property
    def beginnings(self) -> list[Mention | None]:
        """The label that each line begins with."""
        return [self._first(start, end) for start, end in self.lines]

    def _first(self, start: int, end: int) -> Mention | None:
        within = (of for of in self.found if start <= of.start and of.end <= end)
        first = next(within, None)
        return None if first is None or self.text[start : first.start].strip(MARKS) else first

    def _alone(self) -> str | None:
        """The label that stands alone in the first line, or in the last and in no other.

        What follows an answer's first line is the next example where a model was not stopped; it is
        no answer where each line holds another label.
        """
        whole = [
            of.label if of is not None and not self.text[of.end : end].strip(MARKS) else None
            for of, (_, end) in zip(self.beginnings, self.lines, strict=True)
        ]
        begun = {of.label for of in self.beginnings if of is not None}
        if not whole or len(begun) > 1:
            return None
        return whole[0] if whole[0] is not None or any(whole[:-1]) else whole[-1]

    def _announced(self) -> set[str]:
        """The labels that the surest words for it announce; of several final answers the last."""
        for cues in CUES:
            ends = [match.end() for match in cues.finditer(self.text)]
            found = [labels for end in ends if (labels := self._behind(end))]
            if found:
                return found[-1] if cues is CUES[0] else set().union(*found)
        return set()

    def _behind(self, end: int) -> set[str]:
        """The label that stands behind words which announce it, and those that are listed with it."""
        position = next((n for n, of in enumerate(self.found) if of.start >= end), None)
        if position is None or not FILLER.fullmatch(self.text, end, self.found[position].start):
            return set()
        first = self.found[position]
        whole = REASON.match(self.text, first.end) is not None
        if first.is_letter and not first.as_written and not whole:
            return set()
        return {first.label} | self._beside(position, unless=whole)

    def _beside(self, position: int, unless: bool = False) -> set[str]:
        """The labels that are listed behind one, or stand in its line unless it ends a clause there."""
        first, line = self.found[position], self.text.find("\n", self.found[position].end)
        found, last = set(), first
        for other in self.found[position + 1 :]:
            counts = self._counts(other)
            listed = LISTING.fullmatch(self.text, last.end, other.start) is not None and (
                counts or REASON.match(self.text, other.end) is not None
            )
            if listed or (counts and not unless and (line < 0 or other.start < line)):
                found.add(other.label)
                last = other
        return found

    def _begun(self) -> str | None:
        """The label that the answer begins with, where that is the whole of a clause."""
        first = self.beginnings[0] if self.beginnings else None
        if first is None or not REASON.match(self.text, first.end):
            return None
        others = {of.label for of in self.beginnings if of is not None} | self._beside(
            self.found.index(first), unless=True
        )
        table = [
            of for of in self.found if re.match(rf"[{re.escape(MARKS)}]*:", self.text[of.end :])
        ]
        return first.label if others == {first.label} and table in ([], [first]) else None

    def _counts(self, of: Mention) -> bool:
        """Whether a single letter is one that was chosen, and no word of a sentence."""
        if not of.is_letter:
            return True
        if not of.as_written:
            return is_chosen(self.text, of.start, of.end)
        return not is_word(self.written.written, of.start, of.end)

    def _named(self) -> str | None:
        """The only label that is named, where none is denied."""
        named = [of for of in self.found if self._counts(of)]
        labels = {of.label for of in named}
        if len(labels) != 1 or any(is_denied(self.text, of.start, of.end) for of in named):
            return None
        return labels.pop()
