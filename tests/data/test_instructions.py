"""Instruction data as it goes about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.data import Example
from harness.data.instructions import Instructions, Turn, read_instructions, without_tested
from harness.errors import BadDataError
from tests.data.copies import write

ALPACA = {"instruction": "Add.", "input": "1 + 1", "output": "2"}
DOLLY = {"instruction": "Add.", "context": "1 + 1", "response": "2", "category": "qa"}
CHAT = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "1 + 1?"},
        {"role": "assistant", "content": "2\r\n"},
    ]
}


def read(tmp_path: Path, rows: list[dict[str, Any]]) -> Instructions:
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    return read_instructions(write(tmp_path / "rows.jsonl", lines))


@pytest.mark.parametrize("row", [ALPACA, DOLLY])
def test_columns_become_one_turn_and_an_answer(row: dict[str, str], tmp_path: Path) -> None:
    (found,) = read(tmp_path, [row]).rows
    assert found.messages == (Turn("user", "Add.\n\n1 + 1"),)
    assert found.answer == "2"


@pytest.mark.parametrize("extra", [{}, {"input": ""}, {"input": None}])
def test_without_an_input_the_instruction_stands_alone(
    extra: dict[str, Any], tmp_path: Path
) -> None:
    (found,) = read(tmp_path, [{"instruction": "Go.", "output": "Gone.", **extra}]).rows
    assert found.messages == (Turn("user", "Go."),)


def test_of_messages_the_last_is_the_answer(tmp_path: Path) -> None:
    (found,) = read(tmp_path, [CHAT]).rows
    assert [message.role for message in found.messages] == ["system", "user", "assistant", "user"]
    assert found.answer == "2"
    assert found.texts == ("Hi", "1 + 1?")


def test_empty_answers_and_repetitions_are_left_out_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path, [ALPACA, {**ALPACA, "output": " "}, DOLLY, CHAT])
    assert len(found.rows) == 2
    assert {d.reason: d.rows for d in found.reading.dropped} == {
        "an empty answer": 1,
        "a repetition of another row": 1,
    }
    assert found.reading.read == {"train": 4}


def _messages(*turns: tuple[object, object]) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in turns]}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"prompt": "x"}, "neither messages nor instruction and output; the columns are: prompt"),
        ({**ALPACA, "output": 2}, "output must be a text, not 2"),
        ({**ALPACA, "instruction": " "}, "instruction is empty"),
        ({"messages": "hi"}, "messages must be a list"),
        ({"messages": ["hi"]}, "message 1 is no object"),
        (_messages(("human", "x")), "message 1: role 'human' is none of system, user, assistant"),
        (_messages(("user", None)), "message 1: content must be a text"),
        (_messages(("user", "x")), "the last message must be the assistant's"),
        (_messages(("system", "x")), "the last message must be the assistant's"),
        (_messages(("assistant", "x")), "message 1: assistant speaks where user should"),
        (
            _messages(("system", "s"), ("user", "x"), ("user", "y"), ("assistant", "z")),
            "message 3: user speaks where assistant should",
        ),
    ],
)
def test_bad_rows_are_named_by_file_and_line(
    row: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(BadDataError) as raised:
        read(tmp_path, [ALPACA, row])
    assert raised.value.message.startswith(f"{tmp_path / 'rows.jsonl'}:2: {said}")


def test_of_many_bad_rows_the_first_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    with pytest.raises(BadDataError, match=r"rows\.jsonl:5: .*; and 7 more$"):
        read(tmp_path, [{"x": "y"}] * 12)


def test_instructions_that_hold_a_tested_text_are_taken_out(tmp_path: Path) -> None:
    rows = read(tmp_path, [ALPACA, CHAT, {**ALPACA, "input": "2 + 2"}]).rows
    kept, dropped = without_tested(rows, [Example("t", "1 + 1 ?", "2"), Example("u", "hi", "")])
    assert [row.texts[1] for row in kept] == ["2 + 2"]
    assert dropped.rows == 2
    assert without_tested(rows, [])[1].rows == 0


SENTENCE = "Operating profit rose to EUR 13.1 mn from EUR 8.7 mn."


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "Positive?", "input": SENTENCE.upper(), "output": "positive"},
        {"instruction": f"Is this good news? {SENTENCE}", "output": "yes"},
        {"instruction": "Write a sentence on profits.", "output": f"Here is one: {SENTENCE}"},
        _messages(("system", f"Like: {SENTENCE}"), ("user", "And?"), ("assistant", "good")),
    ],
)
def test_a_tested_text_may_stand_anywhere_in_a_row(row: dict[str, Any], tmp_path: Path) -> None:
    rows = read(tmp_path, [row, ALPACA]).rows
    kept, dropped = without_tested(rows, [Example("t", f"{SENTENCE} ", "positive")])
    assert [one.input for one in kept] == ["1 + 1"]
    assert dropped.rows == 1


def test_a_row_may_stand_in_a_tested_prompt_and_its_instruction_may(tmp_path: Path) -> None:
    """The instruction may well be the very words that a task asks with; its input must not be."""
    asks = "What is the sentiment of this sentence?"
    rows = read(
        tmp_path,
        [
            {"instruction": asks, "input": SENTENCE, "output": "positive"},
            {"instruction": asks, "input": "Nothing else has been decided yet.", "output": "none"},
        ],
    ).rows
    tested = [Example("t", f"{SENTENCE}\n\n{asks}", "positive")]
    kept, dropped = without_tested(rows, tested)
    assert [row.input for row in kept] == ["Nothing else has been decided yet."]
    assert dropped.rows == 1


def test_short_texts_that_stand_in_others_are_no_leak(tmp_path: Path) -> None:
    rows = read(tmp_path, [{"instruction": "Say yes please, and no.", "output": "yes, no"}]).rows
    kept, _ = without_tested(rows, [Example("t", "Yes, please", "no")])
    assert kept == rows


def test_the_instruction_is_the_turn_without_its_input(tmp_path: Path) -> None:
    with_input, alone = read(tmp_path, [ALPACA, {"instruction": "Go.", "output": "Gone."}]).rows
    assert (with_input.instruction, with_input.input) == ("Add.", "1 + 1")
    assert (alone.instruction, alone.input) == ("Go.", "")
