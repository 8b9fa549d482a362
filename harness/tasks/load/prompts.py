"""Prompts of a length in the server's own tokens, of which no two begin alike.

Prompts that share a beginning are answered faster than they should be where a server caches prefixes.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from harness.data import DATASETS

TEXTS = "phrasebank-sample"
"""The data set whose words prompts are made of."""
USUAL_TOKENS_A_WORD = 1.4
"""Of English, where a server does not count."""
TRIALS = 4
REPEATING = " north, south, north, south, north, south, north, south, north, south, north,"
"""What language models go on with for long; for servers that cannot be told to go on."""


@dataclass(frozen=True)
class Prompts:
    """Texts of so many words each, drawn by a seed."""

    words: int
    seed: int
    tail: str = ""

    @cached_property
    def _known(self) -> list[str]:
        return sorted({word for one in DATASETS[TEXTS].read().test for word in one.text.split()})

    def text(self, number: int) -> str:
        """The prompt of a number, the same each time; negative numbers are for trials and warm-ups."""
        drawn = random.Random(f"{self.seed}/{number}")
        return " ".join(drawn.choices(self._known, k=self.words)) + self.tail


def fitted(tokens: int, seed: int, count: Callable[[str], int | None], tail: str = "") -> Prompts:
    """Prompts of about so many tokens, and no fewer than their tail and a word.

    Args:
        tokens: of each.
        seed: that they are drawn by.
        count: how many tokens the server reads of a text; None where it does not say.
        tail: that each ends in.
    """
    words = max(1, round(tokens / USUAL_TOKENS_A_WORD) - len(tail.split()))
    for trial in range(TRIALS):
        made = Prompts(words, seed, tail)
        found = count(made.text(-1 - trial))
        if found is None or found == tokens:
            return made
        a_word = found / (words + len(tail.split()))
        nearer = max(1, words + round((tokens - found) / max(a_word, 0.1)))
        if nearer == words:
            return made
        words = nearer
    return Prompts(words, seed, tail)
