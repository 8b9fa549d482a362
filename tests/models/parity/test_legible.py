"""Prompts and choices that a tokenizer cannot tell apart are named, with how many they are."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from harness.data import Example, Phrasing
from harness.models.parity.legible import check_legible, unknown_share
from harness.tasks.prompting import Prompter
from harness.tasks.prompts import Prompt
from tests.tasks.fakes import FIRST, CharTokenizer

UNKNOWN = 5


class LatinTokenizer(CharTokenizer):
    """Knows ASCII alone, and makes of each other word one unknown token, as models without bytes do."""

    def _encode(self, text: str) -> list[int]:
        words = [word if word.isascii() else "\0" for word in text.split(" ")]
        ids = super()._encode(" ".join(words))
        return [UNKNOWN if token == FIRST else token for token in ids]

    def is_unknown(self, token: int) -> bool:
        return token == UNKNOWN


def asked(texts: Sequence[str], labels: Sequence[str] = ("yes", "no")) -> list[Prompt]:
    prompter = Prompter(LatinTokenizer(), Phrasing("{text}", "{text}"), labels)
    return [
        prompter.prompt(place, Example(str(place), text, labels[0]))
        for place, text in enumerate(texts)
    ]


def test_different_texts_that_become_the_same_ids_are_counted() -> None:
    found = check_legible(LatinTokenizer(), asked(["Прибыль", "Убыток", "Рост", "up", "down"]))
    assert found.status == "failed" and "3 of 5 prompts are the same token ids" in found.message
    assert found.figures["alike"] == 3 and "language" in found.hint


def test_repeated_texts_may_be_the_same_ids() -> None:
    found = check_legible(LatinTokenizer(), asked(["The profit", "the  profit", "The profit"]))
    assert found.status == "passed" and found.figures["prompts"] == 3


def test_labels_that_become_the_same_ids_are_named() -> None:
    found = check_legible(LatinTokenizer(), asked(["up", "down"], ("да", "нет")))
    assert found.status == "failed" and "the choices 'да' and 'нет' are the same" in found.message


def test_a_task_of_mostly_unknown_tokens_is_refused_and_a_few_are_a_share() -> None:
    texts = ["Прибыль выросла на треть " * 9 + "a", "Убыток вырос на треть " * 9 + "b"]
    found = check_legible(LatinTokenizer(), asked(texts))
    assert (
        found.status == "failed" and "% of the tokens that are asked are unknown" in found.message
    )
    assert unknown_share(LatinTokenizer(), [(1, 2), (UNKNOWN, 3)]) == pytest.approx(0.25)
    assert unknown_share(LatinTokenizer(), []) == 0
