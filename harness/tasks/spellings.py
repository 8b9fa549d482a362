"""Where labels stand in a text as words of their own, whatever the script and the spelling.

Texts are compared in Unicode's compatible normal form, with case folded (`ß` is `ss`, the Turkish `İ` and
`ı` are `i`), and a space, a hyphen or an underscore between two words of a label is the same. The letter
that was written is kept beside the folded one, for labels that only case tells apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from harness.words import is_alone

SEPARATOR = r"[ \t_\-\u2010-\u2013]+"
"""Between the words of a label."""
_BETWEEN_WORDS = re.compile(rf"(?<=[^\W_]){SEPARATOR}(?=[^\W_])")
_IGNORED = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff]"
)
_PREFIX = re.compile(r"\b(non|anti|un|in|dis|semi|quasi|pseudo|mis|nicht|kein)[-\u2010\u2011]$")
_NUMBER_BEFORE = re.compile(r"(\d[.,]|(^|[^\w)\]])[-+\u2212])$")
"""A number that goes on: decimals, a sign."""
_NUMBER_BEHIND = re.compile(r"[.,]\d")
_LETTER_BEHIND = re.compile(r"[+#&]|['.][^\W\d_]")
"""What makes another name of a letter: C++, R&D, I'm."""
_SCALE = re.compile(r"(?<![\d.,/])(\d+)\s*(?:/|out of)\s*(\d+)(?![\d/])")
SMALLEST_SCALE = 5
"""Fewest points that a number "of so many" is read on: "1/2" may be "one or two"."""
_IS = "是为為选選"
"""What a single Chinese character may stand behind all the same: "is", "choose"."""


@dataclass(frozen=True)
class Folded:
    """A text with case folded, and beside each of its characters the one that was written."""

    text: str
    written: str

    @classmethod
    def of(cls, text: str) -> Folded:
        """A text in the form in which it is compared."""
        normal = unicodedata.normalize("NFKC", _IGNORED.sub("", text)).replace("\u2019", "'")
        pairs = [(_fold(character), character) for character in normal]
        return cls(
            "".join(folded for folded, _ in pairs),
            "".join(written * len(folded) for folded, written in pairs),
        )


def _fold(character: str) -> str:
    return character.casefold().replace("\u0307", "").replace("\u0131", "i")


@dataclass(frozen=True)
class Mention:
    """A label that stands in a text, and its place in the folded text."""

    label: str
    start: int
    end: int
    is_letter: bool
    """Whether the label is one letter that case can tell."""
    as_written: bool
    """Whether it stands there in the label's own case."""


@dataclass(frozen=True)
class Spelling:
    """How one label is found."""

    label: str
    folded: Folded
    pattern: re.Pattern[str]
    alone: bool
    """Whether no other label is spelled so but for case."""

    @property
    def is_letter(self) -> bool:
        """Whether it is one letter that case can tell."""
        written = self.folded.written
        return len(written) == 1 and written.lower() != written.upper()

    def mentions(self, text: Folded) -> Iterable[Mention]:
        """Where it stands as a word of its own."""
        for match in self.pattern.finditer(text.text):
            start, end = match.start(), match.end()
            as_written = text.written[start:end] == self.folded.written
            if (self.alone or as_written) and not _is_part(text.text, start, end):
                yield Mention(self.label, start, end, self.is_letter, as_written)


@lru_cache(maxsize=8)
def spellings(labels: tuple[str, ...]) -> tuple[Spelling, ...]:
    """How each label is found, in their order; those without a visible character are none."""
    every = {label: Folded.of(label.strip()) for label in labels}
    folded = {label: of for label, of in every.items() if of.text}
    forms = [_BETWEEN_WORDS.sub(" ", of.text) for of in folded.values()]
    return tuple(
        Spelling(label, of, _pattern(of.text), alone=forms.count(form) == 1)
        for (label, of), form in zip(folded.items(), forms, strict=True)
    )


def word_for_word(text: Folded, labels: Sequence[str]) -> str | None:
    """The label that a whole text is, white space around it aside; of those alike the one in its case."""
    same = [of for of in spellings(tuple(labels)) if of.folded.text == text.text.strip()]
    cased = [of for of in same if of.folded.written == text.written.strip()]
    found = same if len(same) == 1 else cased
    return found[0].label if len(found) == 1 else None


def mentions(text: Folded, labels: Sequence[str]) -> list[Mention]:
    """The labels that a text names, in its order; of those that overlap the longest."""
    found = [one for spelling in spellings(tuple(labels)) for one in spelling.mentions(text)]
    kept: list[Mention] = []
    for one in sorted(found, key=lambda of: of.start - of.end):
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return _without_scales(text.text, sorted(kept, key=lambda of: of.start), labels)


def _without_scales(text: str, found: list[Mention], labels: Sequence[str]) -> list[Mention]:
    """Of "4/5" and "4 out of 5" the first number, where the scale is that of the labels; else neither."""
    numbers = {int(label) for label in labels if label.isdecimal()}
    kept = {of.start: of for of in found}
    for match in _SCALE.finditer(text):
        number, scale = int(match[1]), int(match[2])
        if numbers and number in numbers and scale == max(numbers) >= SMALLEST_SCALE:
            kept.pop(match.start(2), None)
        elif scale not in numbers:
            kept.pop(match.start(1), None)
    return list(kept.values())


def _pattern(folded: str) -> re.Pattern[str]:
    return re.compile(SEPARATOR.join(map(re.escape, _BETWEEN_WORDS.split(folded))))


def _is_part(text: str, start: int, end: int) -> bool:
    """Whether what stands there is part of a longer word, number or sign."""
    label, before, after = text[start:end], text[:start], text[end:]
    return bool(
        (before and _joined(before[-1], label[0], label))
        or (after and _joined(label[-1], after[0], label))
        or (label[0].isdigit() and _NUMBER_BEFORE.search(before))
        or (label[-1].isdigit() and _NUMBER_BEHIND.match(after))
        or (len(label) == 1 and label.isalpha() and _LETTER_BEHIND.match(after))
        or (len(label) > 1 and _PREFIX.search(before))
    )


def _joined(left: str, right: str, label: str) -> bool:
    """Whether two neighbours belong to one word, or repeat one sign, so that a label goes on there.

    A word in a script without spaces may stand beside any other; a single character of it may not stand
    beside its like. Behind a Korean word its particles follow.
    """
    if not (left.isalnum() and right.isalnum()):
        return left == right and not left.isspace() and left not in "*_`\"'()[]"
    scripts = _script(left), _script(right)
    if len(label) == 1 and scripts[0] == scripts[1]:
        return left not in _IS
    if is_alone(left) or is_alone(right):
        return False
    if "HANGUL" in scripts:
        return scripts[0] == scripts[1] and right == label[0]
    return True


@lru_cache(maxsize=4096)
def _script(character: str) -> str:
    """The first word of a character's name, such as LATIN; "" for digits, which stand beside any."""
    return "" if character.isdigit() else unicodedata.name(character, "").partition(" ")[0]
