"""What had to be decided about the words of a task's right answers, for whoever reads its figures."""

from __future__ import annotations

from harness.records.base import Record
from harness.words import WordRule

WORDING = "wording"
"""The key in a cell's details; absent where every right answer is of a to z and 0 to 9."""

WORDLESS = "wordless"
"""The key in a sample's data that says that its right answer holds no word."""


class WordingDetails(Record):
    """How words were read, and which answers metrics of words cannot grade."""

    rule: WordRule
    words: int
    """Words of all right answers."""
    other: int
    """Those of them that hold letters other than a to z."""
    spaced: bool
    """Whether most of them stand between spaces."""
    wordless: tuple[str, ...] = ()
    """Ids of the examples whose right answer holds no word: metrics of words are not defined there."""
    shown: str = ""
    """One of these right answers."""
    single: int = 0
    """Right answers of one word, in which there are no pairs of words."""
    answers: int = 0
    """Answers that are not empty and hold no word."""
