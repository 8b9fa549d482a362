"""What a fine-tuning learns of an instruction, as the template or Alpaca's form puts it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.data.instructions import Instruction, read_instructions
from harness.engines.tokenizer import open_tokenizer
from harness.errors import BadModelError
from harness.starter import MODEL_FOLDER
from harness.tasks.instructing import Instructor, plain_text
from tests.tasks.fakes import BOS, END, EOS, FIRST, CharTokenizer
from tests.tasks.templates import R1, TemplateTokenizer

SYSTEM = {"role": "system", "content": "Be brief."}
TALK = [
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
    {"role": "user", "content": "1 + 1?"},
    {"role": "assistant", "content": "2"},
]


class NoSystem(CharTokenizer):
    """A template that refuses a system turn, as Gemma's and Mistral's first one do."""

    def render(
        self, messages: list[dict[str, Any]], generation_prompt: bool, tools: Sequence[Any] = ()
    ) -> str:
        if messages[0]["role"] == "system":
            raise BadModelError("System role not supported")
        return super().render(messages, generation_prompt)


class DeafToSystem(CharTokenizer):
    """A template that passes over a system turn without a word."""

    def render(
        self, messages: list[dict[str, Any]], generation_prompt: bool, tools: Sequence[Any] = ()
    ) -> str:
        heard = [message for message in messages if message["role"] != "system"]
        return super().render(heard, generation_prompt)


def ids(text: str) -> tuple[int, ...]:
    return tuple(FIRST + ord(character) for character in text)


def instruction(tmp_path: Path, row: dict[str, Any]) -> Instruction:
    (tmp_path / "row.jsonl").write_text(json.dumps(row))
    (found,) = read_instructions(tmp_path / "row.jsonl").rows
    return found


def test_a_row_of_alpaca_is_a_turn_of_the_user_and_the_answer_ends_the_turn(tmp_path: Path) -> None:
    row = instruction(tmp_path, {"instruction": "Add.", "input": "1 + 1", "output": "2"})
    learned = Instructor(CharTokenizer()).example(row)
    assert Instructor(CharTokenizer()).asked(row) == "<s>user: Add.\n\n1 + 1<end>\nassistant: "
    assert learned.prompt_ids == (BOS, *ids("user: Add.\n\n1 + 1"), END, *ids("\nassistant: "))
    assert learned.target_ids == (*ids("2"), END)


def test_of_a_conversation_the_last_answer_is_learned(tmp_path: Path) -> None:
    row = instruction(tmp_path, {"messages": [SYSTEM, *TALK]})
    learned = Instructor(CharTokenizer()).example(row)
    assert Instructor(CharTokenizer()).asked(row) == (
        "<s>system: Be brief.<end>\nuser: Hi<end>\nassistant: Hello<end>\nuser: 1 + 1?<end>\n"
        "assistant: "
    )
    assert learned.target_ids == (*ids("2"), END)


@pytest.mark.parametrize("tokenizer", [NoSystem(), DeafToSystem()])
def test_a_system_turn_that_a_template_does_not_take_stands_in_the_first_turn(
    tokenizer: CharTokenizer, tmp_path: Path
) -> None:
    row = instruction(tmp_path, {"messages": [SYSTEM, *TALK]})
    text = Instructor(tokenizer).asked(row)
    assert text.startswith("<s>user: Be brief.\n\nHi<end>\nassistant: Hello<end>\n")


def test_without_a_template_a_row_has_the_published_form(tmp_path: Path) -> None:
    """The prompts of stanford_alpaca's train.py, `prompt_input` and `prompt_no_input`."""
    both = instruction(tmp_path, {"instruction": "Add.", "input": "1 + 1", "output": "2"})
    alone = instruction(tmp_path, {"instruction": "Go.", "output": "Gone."})
    assert plain_text(both) == (
        "Below is an instruction that describes a task, paired with an input that provides "
        "further context. Write a response that appropriately completes the request.\n\n"
        "### Instruction:\nAdd.\n\n### Input:\n1 + 1\n\n### Response:\n"
    )
    assert plain_text(alone) == (
        "Below is an instruction that describes a task. Write a response that appropriately "
        "completes the request.\n\n### Instruction:\nGo.\n\n### Response:\n"
    )
    for tokenizer, plain in ((CharTokenizer(), True), (CharTokenizer(chat=False), False)):
        learned = Instructor(tokenizer, plain).example(both)
        assert learned.prompt_ids == (BOS, *ids(plain_text(both)))
        assert learned.target_ids == (*ids("2"), EOS)


def test_without_a_template_earlier_turns_stand_above_in_the_same_form(tmp_path: Path) -> None:
    row = instruction(tmp_path, {"messages": [SYSTEM, *TALK]})
    assert plain_text(row) == (
        "Be brief.\n\n### Instruction:\nHi\n\n### Response:\nHello\n\n### Instruction:\n1 + 1?"
        "\n\n### Response:\n"
    )


def test_an_answer_that_would_merge_with_the_prompt_leaves_the_prompt_as_it_is(
    tmp_path: Path,
) -> None:
    row = instruction(tmp_path, {"instruction": "Go.", "output": "Gone."})
    learned = Instructor(CharTokenizer(chat=False, merges={"\nG": 5})).example(row)
    assert learned.prompt_ids[-1] == FIRST + ord("\n")
    assert learned.target_ids == (*ids("Gone."), EOS)


def test_a_tokenizer_that_cannot_end_a_text_is_refused() -> None:
    tokenizer = CharTokenizer(chat=False)
    tokenizer.eos_id = None
    with pytest.raises(BadModelError, match="stop"):
        Instructor(tokenizer)


def test_prompt_and_answer_of_a_real_template_are_the_whole_conversation(tmp_path: Path) -> None:
    tokenizer = open_tokenizer(MODEL_FOLDER)
    row = instruction(tmp_path, {"messages": [SYSTEM, *TALK]})
    learned = Instructor(tokenizer).example(row)
    whole = tokenizer.encode(tokenizer.render([SYSTEM, *TALK], generation_prompt=False))
    assert list(learned.prompt_ids + learned.target_ids) == whole[: len(learned)]
    assert tokenizer.decode(whole[len(learned) :], keep_special=True).strip() == ""


def test_a_thought_that_the_template_opens_is_closed_unless_the_answer_brings_one(
    tmp_path: Path,
) -> None:
    instructor = Instructor(TemplateTokenizer(R1))
    row = {"instruction": "Add.", "input": "1 + 1", "output": "2"}
    assert instructor.example(instruction(tmp_path, row)).target_ids[:-1] == ids("\n</think>\n\n2")
    row["output"] = "One more.</think>2"
    assert instructor.example(instruction(tmp_path, row)).target_ids[:-1] == ids(row["output"])


TOOL_TALK = {
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "1 + 1?"}]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}]},
        {"role": "tool", "content": '"2"'},
        {"role": "assistant", "content": "Two."},
    ],
    "tools": [{"type": "function", "function": {"name": "add", "parameters": {}}}],
}  # fmt: skip
TOOLS = (
    "{%- for t in tools or [] %}{{ t.function.name }};{%- endfor %}{%- for m in messages %}<{{ m.role }}>"
    "{%- for c in m.tool_calls %}{{ c.function.name }}({{ c.function.arguments | tojson }}){%- endfor %}"
    "{{ m.content | tojson if m.role == 'tool' else m.content }}<end>\n{%- endfor %}<assistant>"
)


def test_tools_and_their_calls_go_through_the_template(tmp_path: Path) -> None:
    row = instruction(tmp_path, TOOL_TALK)
    text = Instructor(TemplateTokenizer(TOOLS)).asked(row)
    assert text == (
        'add;<user>1 + 1?<end><assistant>add({"a": 1})<end><tool>"\\"2\\""<end><assistant>'
    )


@pytest.mark.parametrize(
    ("left_out", "said"),
    [
        ("{{ t.function.name }};", "the tools"),
        ("{{ c.function.name }}", "calls of tools"),
        ("{{ m.content | tojson if m.role == 'tool' else m.content }}", "leaves out"),
    ],
)
def test_a_template_without_a_place_for_tools_is_refused(
    left_out: str, said: str, tmp_path: Path
) -> None:
    shown = "{{ m.content if m.role != 'tool' }}" if "content" in left_out else ""
    with pytest.raises(BadModelError, match=said):
        template = TemplateTokenizer(TOOLS.replace(left_out, shown))
        Instructor(template).asked(instruction(tmp_path, TOOL_TALK))


def test_without_a_template_tools_have_headings_of_their_own(tmp_path: Path) -> None:
    text = plain_text(instruction(tmp_path, TOOL_TALK))
    assert "### Tools:\n[{" in text and '### Response:\n[{"type": "function"' in text
    assert text.endswith('### Tool:\n"2"\n\n### Response:\n')
