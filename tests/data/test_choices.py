"""Choices that rows have of their own: read in several forms, and refused with the row's place."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from harness.data.own import OwnData, read_own
from harness.errors import BadDataError, InputError

ARC: Mapping[str, object] = {
    "question": "What melts?",
    "choices": {"text": ["ice", "sand", "air"], "label": ["A", "B", "C"]},
    "answerKey": "A",
}


def own(
    folder: Path, rows: Sequence[Mapping[str, object]], target: str, choices: object
) -> OwnData:
    file = folder / "rows.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return OwnData(
        "rows", "summarize", "{{ question }}", target, train=file, test=file,
        choices=choices,  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_column_with_a_list_holds_the_choices_as_mmlu_and_arc_have_them(tmp_path: Path) -> None:
    mmlu = {"question": "2 + 2?", "choices": ["3", "4", "5", "6"], "answer": 1}
    found = read_own(own(tmp_path, [mmlu], "{{ choices[answer] }}", "{{ choices }}"))
    assert found.dataset.test[0].choices == ("3", "4", "5", "6")
    assert found.dataset.test[0].target == "4"
    target = "{{ choices.text[choices.label.index(answerKey)] }}"
    found = read_own(own(tmp_path, [ARC], target, "{{ choices.text }}"))
    assert found.dataset.test[0].choices == ("ice", "sand", "air")
    assert found.dataset.test[0].target == "ice"


def test_each_choice_may_be_a_column_and_the_answer_a_columns_name(tmp_path: Path) -> None:
    rows: list[Mapping[str, object]] = [
        {"question": "Big?", "A": "mouse", "B": " whale ", "C": "", "answer": "B"}
    ]
    given = own(tmp_path, rows, "{{ row[answer] }}", ("{{ A }}", "{{ B }}", "{{ C }}"))
    example = read_own(given).dataset.test[0]
    assert (example.choices, example.target) == (("mouse", "whale"), "whale")


def test_questions_in_the_same_words_are_told_apart_by_their_choices(tmp_path: Path) -> None:
    rows: list[Mapping[str, object]] = [
        {"question": "Which is true?", "choices": choices, "answer": "none"}
        for choices in (["none", "both"], ["none", "all"], ["none", "all"])
    ]
    given = own(tmp_path, rows, "{{ answer }}", "{{ choices }}")
    found = read_own(replace(given, file=given.train, train=None, test=None)).dataset
    examples = (*found.train, *found.test)
    assert sorted(one.choices for one in examples) == [("none", "all"), ("none", "both")]
    assert len({one.id.partition("#")[0] for one in examples}) == 2


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (["one"], "1 of the choices is not empty"),
        (["one", "two", "two"], "two choices are the same: 'two'"),
        (["three", "two"], "target 'one' is none of the choices: three, two"),
        ("one or two", "'one or two' is no list of texts"),
    ],
)
def test_choices_that_are_none_are_named_with_their_row(
    tmp_path: Path, choices: object, said: str
) -> None:
    rows: list[Mapping[str, object]] = [
        {"question": "Right?", "choices": ["one", "two"], "answer": "one"},
        {"question": "Wrong?", "choices": choices, "answer": "one"},
    ]
    with pytest.raises(BadDataError) as caught:
        read_own(own(tmp_path, rows, "{{ answer }}", "{{ choices }}"))
    assert said in str(caught.value)
    assert "rows.jsonl" in str(caught.value) and "2" in str(caught.value)


def test_a_column_that_is_not_there_is_named_before_any_row_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no column 'options'"):
        read_own(own(tmp_path, [ARC], "{{ answerKey }}", "{{ options }}"))


def test_an_expression_can_do_no_more_than_a_template(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match="unsafe"):
        read_own(own(tmp_path, [ARC], "ice", "{{ question.__class__.__mro__ }}"))
