"""What is thought is no part of the answer; a thought without an end leaves none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.engines.reasoning import Parted, counts, part
from tests.tasks.fakes import FIRST, CharTokenizer

TOKENIZER = CharTokenizer()
TEXT = st.text(st.characters(codec="ascii", exclude_characters="<>[]"), max_size=20)


def parted(text: str, prompt: str = "<assistant>") -> Parted:
    ids = tuple(FIRST + ord(character) for character in text)
    return part(prompt, ids, TOKENIZER.decode, TOKENIZER.decode)


@given(TEXT, TEXT)
def test_thought_and_answer_are_parted_however_the_thought_was_opened(
    thought: str, answer: str
) -> None:
    expected = Parted(answer, thought.strip())
    assert parted(f"<think>{thought}</think>{answer}") == expected
    assert parted(f"{thought}</think>{answer}", "<assistant><think>\n") == expected
    assert parted(f"<think>{thought}</think>{answer}", "<assistant><think>\n") == expected
    assert parted(f"[THINK]{thought}[/THINK]{answer}") == expected


@given(TEXT)
def test_an_answer_without_a_thought_is_left_as_it_is(answer: str) -> None:
    assert parted(answer) == Parted(answer)
    assert parted(answer, "<assistant><think>\n\n</think>\n\n") == Parted(answer)


def test_a_thought_without_an_end_leaves_no_answer() -> None:
    assert parted("<think>good, bad") == Parted("", "good, bad", finished=False)
    assert parted("good", "<assistant><think>\n") == Parted("", "good", finished=False)


def test_a_mark_that_an_answer_merely_quotes_parts_nothing() -> None:
    quoted = "HTML has no </think>."
    assert parted(quoted) == Parted(quoted)


@pytest.mark.parametrize("closer", [(7,), (7, 8)])
def test_marks_that_are_special_tokens_are_found_where_the_text_hides_them(
    closer: tuple[int, ...],
) -> None:
    pieces = {6: "<think>", 7: "</think>" if len(closer) == 1 else "</thi", 8: "nk>"}

    def marked(ids: Sequence[int]) -> str:
        return "".join(pieces.get(i) or chr(i - FIRST) for i in ids)

    ids = (6, FIRST + ord("a"), *closer, FIRST + ord("b"))
    assert part("", ids, TOKENIZER.decode, marked) == Parted("b", "a")


def test_where_nothing_is_thought_nothing_is_counted() -> None:
    assert counts([{}, {"text": "x"}]) == {}
