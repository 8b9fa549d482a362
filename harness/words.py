"""Words of any script, so that no metric cuts a text's letters out in silence.

A word is a run of letters, digits and the marks that belong to them, as it would be between spaces
and punctuation. Scripts that put no spaces between words (Chinese, Japanese, Thai, Lao, Burmese,
Khmer and their kin) count by character, each with its marks: no dictionary is right for all of them,
and characters are what ROUGE is computed on there (Lewis et al., MLQA, arXiv 1910.07475, do the same).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

WordRule = Literal["english", "unicode"]
"""`english`: as the field reads English, so that figures are those that papers have. ROUGE cuts out what is
not a to z or a digit, and stems; articles are left out where a metric does so. `unicode`: words of every
script, none stemmed or left out, since no rule of English holds in other languages."""
FEW = 100
"""Texts are English where at most one word of so many holds other letters than a to z: one of 4,000 in
SAMSum, one of 30 in Italian, and of 12 in German or French."""

_ALONE = re.compile(
    "[\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u1000-\u103f\u104c-\u108f\u109a-\u109f"
    "\u1780-\u17d3\u17d7\u17dc\u17dd\u1950-\u19cf\u1a20-\u1a7f\u1b05-\u1b4c\u2e80-\u2fdf\u3005-\u3007"
    "\u3021-\u3029\u3031-\u3035\u3038-\u303c\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua48c\ua984-\ua9b2"
    "\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaaaf\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f"
    "\U00020000-\U000323af]"
)
"""A character of a script that puts no spaces between words; its digits do form runs."""
_ASCII_WORD = re.compile("[a-z0-9]+")
_TATWEEL = 0x640


class _Table(dict[int, str]):
    """For `str.translate`: what is no part of a word becomes a space, what only shapes one goes."""

    def __missing__(self, code: int) -> str:
        category = unicodedata.category(chr(code))
        if category == "Cf" or code == _TATWEEL:
            self[code] = ""
        else:
            self[code] = chr(code) if category[0] in "LMN" else " "
        return self[code]


_TABLE = _Table()


def words(text: str) -> list[str]:
    """The words of a text, case folded and in one normal form (NFKC); symbols and emojis are none.

    Of a text in ASCII these are its runs of a to z and 0 to 9.
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    found = map(_begun, pieces(folded(text.translate(_TABLE)).translate(_TABLE)))
    return [word for word in found if word]


def _begun(word: str) -> str:
    """A word without marks in front, which belong to nothing."""
    while word and unicodedata.category(word[0]).startswith("M"):
        word = word[1:]
    return word


def words_by(rule: WordRule, text: str) -> list[str]:
    """The words of a text as a rule reads them, unstemmed."""
    return words(text) if rule == "unicode" else _ASCII_WORD.findall(text.lower())


def pieces(text: str) -> list[str]:
    """A text split at spaces, and round each character of a script that has none between words."""
    if text.isascii():
        return text.split()
    found: list[str] = []
    last: Literal["", "run", "alone"] = ""
    for character in text:
        if character.isspace():
            last = ""
        elif last and unicodedata.category(character).startswith("M"):
            found[-1] += character
        elif is_alone(character):
            found.append(character)
            last = "alone"
        elif last == "run":
            found[-1] += character
        else:
            found.append(character)
            last = "run"
    return found


def is_alone(character: str) -> bool:
    """Whether it belongs to a script without spaces between words."""
    return _ALONE.match(character) is not None


def folded(text: str) -> str:
    """Without case, in Unicode's compatibility form (NFKC): of a text in ASCII its small letters."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


@dataclass(frozen=True)
class Wording:
    """What is known of the words of a task's right answers: one figure has one rule for all of them."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Wording:
        """The wording of some texts, each counted as often as it stands there."""
        return cls(tuple(texts))

    @property
    def rule(self) -> WordRule:
        """How their words are to be read."""
        return "unicode" if self.other * FEW > self.count else "english"

    @cached_property
    def count(self) -> int:
        """How many words there are."""
        return sum(len(words(text)) for text in self.texts)

    @cached_property
    def other(self) -> int:
        """How many of them hold letters other than a to z."""
        foreign = (text for text in self.texts if not text.isascii())
        return sum(not word.isascii() for text in foreign for word in words(text))

    @cached_property
    def spaced(self) -> bool:
        """Whether most of their words stand between spaces."""
        foreign = (text for text in self.texts if not text.isascii())
        alone = sum(is_alone(word[0]) for text in foreign for word in words(text))
        return 2 * alone <= self.count
