"""From instructions to what is learned: through the chat template where there is one, else as text.

Without a template, Alpaca's published form is used (github.com/tatsu-lab/stanford_alpaca, its prompt
with and without an input), each answer on the line below its heading; a system turn stands in place of
its first sentence, and earlier turns stand above, in the same form.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from harness.data.instructions import Instruction, Turn
from harness.engines.messages import Message
from harness.engines.reasoning import closing, open_mark
from harness.engines.said import check_said
from harness.engines.templated import Tokenizer
from harness.errors import BadModelError
from harness.records import TrainingExample
from harness.tasks.turns import continuation, learned_end

WITH_INPUT = (
    "Below is an instruction that describes a task, paired with an input that provides further "
    "context. Write a response that appropriately completes the request."
)
WITHOUT_INPUT = (
    "Below is an instruction that describes a task. Write a response that appropriately completes "
    "the request."
)
HEADINGS = {"user": "Instruction", "assistant": "Response", "tool": "Tool"}
"""Of turns, where no template writes them."""


class Instructor:
    """Puts instructions to one lineage's models. Of a conversation the last answer is learned."""

    def __init__(self, tokenizer: Tokenizer, plain: bool = False) -> None:
        """Prepares an instructor.

        Args:
            tokenizer: the lineage's own.
            plain: do not use the chat template.

        Raises:
            BadModelError: the tokenizer has nothing to end an answer with.
        """
        self._tokenizer = tokenizer
        self._chat = tokenizer.has_chat_template and not plain
        question = [{"role": "user", "content": "a question"}]
        self._end = learned_end(tokenizer, question if self._chat else [])

    def asked(self, instruction: Instruction) -> str:
        """What the model reads of an instruction, up to where its answer begins.

        Raises:
            BadModelError: the chat template refuses the conversation.
        """
        return self._in_template(instruction) if self._chat else plain_text(instruction)

    def example(self, instruction: Instruction) -> TrainingExample:
        """What is learned of one instruction. A thought that the template opens is closed first, unless
        the answer brings one.

        Raises:
            BadModelError: the chat template refuses the conversation.
        """
        text = self.asked(instruction)
        ids = self._tokenizer.encode(text)
        closed = open_mark(text) is None or str(open_mark(text)) in instruction.answer
        told = instruction.answer if closed else closing(text) + instruction.answer
        answer = continuation(self._tokenizer, text, ids, told)
        return TrainingExample(tuple(ids), (*answer, self._end))

    def _in_template(self, instruction: Instruction) -> str:
        messages = [_message(turn) for turn in instruction.messages]
        if messages[0]["role"] != "system":
            return self._rendered(messages, instruction)
        try:
            text = self._rendered(messages, instruction)
            check_said(text, messages[:1])
            return text
        except BadModelError:
            return self._rendered(_without_system(messages), instruction)

    def _rendered(self, messages: list[Message], instruction: Instruction) -> str:
        tools = {"tools": json.loads(instruction.tools)} if instruction.tools else {}
        return self._tokenizer.render(messages, generation_prompt=True, **tools)


def plain_text(instruction: Instruction) -> str:
    """A conversation in Alpaca's form, up to where the answer begins."""
    turns = instruction.messages
    system = turns[0].content if turns[0].role == "system" else ""
    usual = WITH_INPUT if instruction.input else WITHOUT_INPUT
    parts = [system or usual]
    if instruction.tools:
        parts.append(f"### Tools:\n{instruction.tools}")
    for turn in _talk(turns)[:-1]:
        said = "\n".join(filter(None, (turn.content, turn.calls)))
        parts.append(f"### {HEADINGS[turn.role]}:\n{said}")
    parts.append(f"### {HEADINGS[turns[-1].role]}:\n{instruction.instruction}")
    if instruction.input:
        parts.append(f"### Input:\n{instruction.input}")
    return "\n\n".join([*parts, "### Response:\n"])


def _message(turn: Turn) -> Message:
    calls = {"tool_calls": json.loads(turn.calls)} if turn.calls else {}
    return {"role": turn.role, "content": turn.content, **calls}


def _talk(turns: Sequence[Turn]) -> Sequence[Turn]:
    return turns[1:] if turns[0].role == "system" else turns


def _without_system(messages: list[Message]) -> list[Message]:
    """The system message in front of the first turn of the user, for templates that take none."""
    system, first, *others = messages
    return [{"role": "user", "content": f"{system['content']}\n\n{first['content']}"}, *others]
