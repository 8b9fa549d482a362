"""Where answers end: choices that go on from one another, line breaks behind them, and blank lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import Dataset, Example, Phrasing
from harness.data.continued import continued
from harness.errors import BadDataError, BadModelError
from harness.tasks.ending import Ending, stop_texts
from harness.tasks.prompting import prompts_to_ask
from harness.tasks.prompts import PromptSet
from harness.tasks.turns import PromptFormat
from tests.tasks.fakes import END, EOS, FIRST, CharTokenizer

WORDS = Phrasing("{text}?", "{text}:")
LINE_BREAK = FIRST + ord("\n")


class WithoutEnds(CharTokenizer):
    """A tokenizer whose files name nothing that ends a text."""

    def _ends(self) -> list[int]:
        return []

    def _is_marker(self, token: int) -> bool:
        return False


class Lowercase(CharTokenizer):
    """A tokenizer that knows no capitals."""

    def _encode(self, text: str) -> list[int]:
        return super()._encode(text.lower())


def asked(
    labels: tuple[str, ...],
    score: str = "auto",
    tokenizer: CharTokenizer | None = None,
    plain: bool = True,
    **keys: object,
) -> PromptSet:
    examples = tuple(Example(f"e{n}", f"test {n}", labels[n % len(labels)]) for n in range(3))
    data = Dataset(examples, examples, labels)
    how = PromptFormat(plain=plain)
    tokenizer = tokenizer or CharTokenizer()
    return prompts_to_ask(tokenizer, data, WORDS, None, 0, 0, how, score=score, **keys)  # type: ignore[arg-type]


@given(st.lists(st.lists(st.integers(0, 2), max_size=4).map(tuple), max_size=8))
def test_a_choice_that_another_goes_on_from_is_found(choices: list[tuple[int, ...]]) -> None:
    found = continued(choices)
    there = any(one != other and other[: len(one)] == one for one in choices for other in choices)
    assert (found is not None) == there
    if found is not None:
        one, other = (choices[place] for place in found)
        assert one != other and other[: len(one)] == one


def test_texts_go_on_from_one_another_as_ids_do() -> None:
    assert continued(["not", "hate", "not hate"]) == (0, 2)
    assert continued(["yes", "no"]) is None


def test_labels_of_which_none_goes_on_are_scored_by_their_sums_and_hashed_as_ever() -> None:
    found = asked(("bad", "good"))
    assert {found.score_of(prompt) for prompt in found.prompts} == {"sum"}
    assert found.ending == Ending("auto")
    before = replace(found, ending=Ending())
    assert found.sha256() == before.sha256()
    assert found.summary()["scored_by"] == {"sum": 3} and "continued" not in found.summary()


def test_a_text_that_is_continued_ends_with_its_end_or_a_line_break() -> None:
    found = asked(("not", "not hate"))
    assert found.ending.ids == {END, EOS, LINE_BREAK}
    assert {found.score_of(prompt) for prompt in found.prompts} == {"end"}
    assert found.summary()["continued"] == ["not", "not hate"]
    other = asked(("not", "not hate"), score="sum")
    assert other.sha256() != found.sha256() and not other.ending.ids
    assert found.sha256_of(found.prompts[0]) != other.sha256_of(other.prompts[0])


def test_a_turn_ends_with_what_ends_turns_alone() -> None:
    assert asked(("not", "not hate"), plain=False).ending.ids == {END, EOS}


def test_a_line_break_that_merges_with_the_label_is_found_by_itself() -> None:
    tokenizer = CharTokenizer(merges={"+\n": 7})
    assert asked(("C", "C+"), tokenizer=tokenizer).ending.ids == {END, EOS, LINE_BREAK}


def test_each_question_is_scored_by_its_own_choices() -> None:
    examples = (
        Example("a", "x", "ice", ("ice", "ice cream")),
        Example("b", "y", "wood", ("wood", "iron")),
    )
    data = Dataset((), examples, ())
    found = prompts_to_ask(
        CharTokenizer(), data, WORDS, None, 0, 0, PromptFormat(plain=True), score="auto"
    )
    scores = {prompt.id: found.score_of(prompt) for prompt in found.prompts}
    assert scores == {"a": "end", "b": "sum"}
    assert found.summary()["continued"] == ["ice", "ice cream"]


def test_an_end_that_no_token_stands_for_cannot_be_scored() -> None:
    with pytest.raises(BadModelError, match=r"`not hate` goes on from `not`.*no token that ends"):
        asked(("not", "not hate"), tokenizer=WithoutEnds(), plain=False)
    assert asked(("not", "not hate"), tokenizer=WithoutEnds()).ending.ids == {LINE_BREAK}
    assert asked(("bad", "good"), tokenizer=WithoutEnds()).ending == Ending("auto")


def test_labels_that_are_the_same_tokens_are_refused_by_name() -> None:
    with pytest.raises(BadDataError, match="`US` and `us` are the same tokens"):
        asked(("US", "us"), tokenizer=Lowercase())


def test_what_ends_answers_is_kept_with_the_prompts(tmp_path: Path) -> None:
    for found in (asked(("not", "not hate")), asked(("bad", "good"), score="", stop=["\n", "###"])):
        found.write(tmp_path)
        assert PromptSet.read(tmp_path) == found


def test_another_stop_is_another_question() -> None:
    one, other = (asked(("bad", "good"), score="", stop=stop) for stop in (["\n"], ["###"]))
    assert one.sha256() != other.sha256()
    none = asked(("bad", "good"), score="", stop=[])
    assert none.sha256() == replace(none, ending=Ending()).sha256()


def test_a_blank_line_ends_what_is_written_behind_shots_that_it_parts() -> None:
    assert stop_texts(None, plain=True, shots=2, answers=["a", "b\nc"]) == ("\n\n",)
    assert stop_texts(None, plain=True, shots=0, answers=["a"]) == ()
    assert stop_texts(None, plain=False, shots=2, answers=["a"]) == ()
    assert stop_texts(None, plain=True, shots=2, answers=["a", "b\n\nc"]) == ()
    assert stop_texts([], plain=True, shots=2, answers=["a"]) == ()
    assert stop_texts(["#"], plain=False, shots=0, answers=["a#"]) == ("#",)
