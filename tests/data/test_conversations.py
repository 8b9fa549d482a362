"""The forms in which instruction data goes about: parts, ShareGPT's, prompts with completions, tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.data.conversations import Skipped, conversation
from harness.data.instructions import Instruction, Turn, read_instructions
from harness.data.turns import Mistake
from tests.data.copies import write

HELLO = (Turn("user", "Hi"),)
CALL = {"id": "1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {}}}]


def parts(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text, "image": None} for text in texts]


def talk(*turns: tuple[str, Any], key: str = "messages", who: str = "role") -> dict[str, Any]:
    what = "content" if who == "role" else "value"
    return {key: [{who: role, what: content} for role, content in turns]}


def sharegpt(*turns: tuple[str, Any]) -> dict[str, Any]:
    return talk(*turns, key="conversations", who="from")


@pytest.mark.parametrize(
    "row",
    [
        talk(("user", parts("Hi")), ("assistant", parts("Hel", "lo"))),
        talk(("user", ["Hi"]), ("assistant", [{"type": "output_text", "text": "Hello"}])),
        sharegpt(("human", "Hi"), ("gpt", "Hello")),
        sharegpt(("user", "Hi"), ("chatgpt", "Hello")),
        talk(("user", "Hi"), ("assistant", "Hello"), key="conversations"),
        {"prompt": "Hi\n", "completion": " Hello"},
        {"prompt": [{"role": "user", "content": "Hi"}],
         "completion": [{"role": "assistant", "content": "Hello"}]},
        {"messages": json.dumps(talk(("user", "Hi"), ("assistant", "Hello"))["messages"])},
    ],
)  # fmt: skip
def test_all_forms_say_the_same(row: dict[str, Any]) -> None:
    found = conversation(row)
    assert isinstance(found, Instruction)
    assert (found.messages, found.answer, found.texts) == (HELLO, "Hello", ("Hi",))
    usual = conversation(talk(("user", "Hi"), ("assistant", "Hello")))
    assert isinstance(usual, Instruction) and found.id == usual.id


@pytest.mark.parametrize("tools", [None, "", "[]", "null", []])
def test_a_column_of_tools_may_be_empty(tools: Any) -> None:
    row = talk(("user", "Hi"), ("assistant", "Hello"))
    assert conversation(row | {"tools": tools}) == conversation(row)


def test_a_system_message_may_stand_in_a_column_of_its_own() -> None:
    given = sharegpt(("human", "Hi"), ("gpt", "Hello"))
    for row in (given | {"system": "Be brief."}, sharegpt(("system", "Be brief."), *_pairs(given))):
        found = conversation(row)
        assert isinstance(found, Instruction)
        assert found.messages == (Turn("system", "Be brief."), *HELLO)
    assert conversation(given | {"system": ""}) == conversation(given)


def _pairs(row: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(turn["from"], turn["value"]) for turn in row["conversations"]]


def test_tools_and_what_they_give_stand_in_the_conversation() -> None:
    row = talk(("user", "1 + 1?"), ("assistant", None), ("tool", "2"), ("assistant", "Two."))
    row["messages"][1]["tool_calls"] = [CALL]
    found = conversation(row | {"tools": TOOLS})
    assert isinstance(found, Instruction) and json.loads(found.tools) == TOOLS
    assert [turn.role for turn in found.messages] == ["user", "assistant", "tool"]
    (call,) = json.loads(found.messages[1].calls)
    assert call["function"] == {"name": "add", "arguments": {"a": 1}}
    assert found.answer == "Two." and found.texts == ("1 + 1?", "2")
    asked = ("function_call", json.dumps({"name": "add", "arguments": {"a": 1}}))
    shared = conversation(
        sharegpt(("human", "1 + 1?"), asked, ("observation", "2"), ("gpt", "Two."))
        | {"tools": json.dumps(TOOLS)}
    )
    assert shared == found


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (talk(("user", [{"type": "image_url", "image_url": {}}]), ("assistant", "A cat.")),
         "message 1: a part of the type 'image_url'"),
        (talk(("user", [{"type": "image"}, *parts("What?")]), ("assistant", "A cat.")), "'image'"),
        (talk(("user", [{"type": "text"}]), ("assistant", "x")), "a part must be a text"),
        (sharegpt(("narrator", "Hi"), ("gpt", "x")), "from 'narrator' is none of human"),
        (sharegpt(("human", "Hi"), ("human", "Hm"), ("gpt", "x")), "user speaks where assistant"),
        (talk(("user", "Hi"), ("tool", "2"), ("assistant", "x")), "tool speaks where assistant"),
        ({"prompt": "Hi", "chosen": "a", "rejected": "b"}, "preference data"),
        ({"text": "### Human: Hi"}, "where its answer begins"),
        ({"conversations": []}, "a list of {from, value}"),
        (talk(("user", "x"), ("assistant", "y")) | {"tools": "none"}, "tools must be a list"),
    ],
)  # fmt: skip
def test_what_cannot_be_learned_is_refused_by_name(row: dict[str, Any], said: str) -> None:
    with pytest.raises(Mistake) as found:
        conversation(row)
    assert said in str(found.value)


def test_rows_without_an_answer_to_learn_are_left_out_and_counted(tmp_path: Path) -> None:
    call = talk(("user", "1 + 1?"), ("assistant", None))
    call["messages"][1]["tool_calls"] = [CALL]
    rows = [
        sharegpt(("gpt", "Welcome."), ("human", "Hi"), ("gpt", "Hello")),
        sharegpt(("human", "Hi")),
        call,
        sharegpt(("human", "Hi"), ("gpt", "Hello"), ("human", "Bye")),
    ]
    assert isinstance(conversation(rows[0]), Skipped)
    file = write(tmp_path / "rows.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    found = read_instructions(file)
    assert {one.reason: one.rows for one in found.reading.dropped} == {
        "a conversation that begins with an answer": 1,
        "no answer in the conversation": 1,
        "an answer that is a call of a tool": 1,
    }
    (kept,) = found.rows
    assert kept.answer == "Hello" and kept.cut
    assert found.reading.notes == (
        "what stands behind the last answer was left out of 1 conversation",
    )
