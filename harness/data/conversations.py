"""One row of instruction data, in any of its usual forms, as a conversation and the answer to be learned."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.data.decoding import clean_text
from harness.data.splits import text_id
from harness.data.turns import Mistake, Turn, turn_of, turns_of_sharegpt, wrong_order

FORMS = (
    "A row is {instruction, input, output}, {instruction, context, response}, {prompt, completion}, "
    "{messages: [{role, content}, …]} or {conversations: [{from, value}, …]}."
)
_SHAPES = (
    ("instruction", "input", "output"),
    ("instruction", "context", "response"),
    ("prompt", "", "completion"),
)
_NO_FORMS = {
    "chosen": "this is preference data (chosen and rejected), which nothing is taught by here",
    "text": "a text alone does not say where its answer begins",
}


@dataclass(frozen=True)
class Instruction:
    """A conversation up to the answer that is to be learned, and the answer.

    `texts` are what it asks, without roles: to find instructions that hold a tested text. `input` is
    what the instruction is about, where the row has it apart.
    """

    id: str
    messages: tuple[Turn, ...]
    answer: str
    texts: tuple[str, ...] = ()
    input: str = ""
    tools: str = ""
    """The tools that may be called, as JSON; "" for none."""
    cut: bool = False
    """Whether turns stood behind the last answer, which nothing can be learned of."""

    @property
    def instruction(self) -> str:
        """The last turn before the answer, without the input."""
        return self.messages[-1].content.removesuffix(f"\n\n{self.input}" if self.input else "")


@dataclass(frozen=True)
class Skipped:
    """Why a row holds nothing that can be learned, though nothing is wrong with it."""

    reason: str


def conversation(row: Mapping[str, Any]) -> Instruction | Skipped:
    """A row's conversation.

    Raises:
        Mistake: it is of no known form, or holds what a language model cannot be given.
    """
    if "messages" in row:
        return _from_messages(row["messages"], row)
    if "conversations" in row:
        return _from_conversations(row["conversations"], row)
    for instruction, context, answer in _SHAPES:
        if instruction in row and answer in row:
            if isinstance(row[instruction], list):
                return _from_messages([*row[instruction], *_listed(row[answer])], row)
            return _from_columns(row, instruction, context, answer)
    for column, why in _NO_FORMS.items():
        if column in row:
            raise Mistake(why)
    columns = ", ".join(map(str, row)) or "none"
    raise Mistake(f"neither messages nor instruction and output; the columns are: {columns}")


def _from_columns(
    row: Mapping[str, Any], instruction: str, context: str, answer: str
) -> Instruction:
    values = {name: row.get(name) for name in (instruction, context, answer)}
    for name, value in values.items():
        if value is not None and not isinstance(value, str):
            raise Mistake(f"{name} must be a text, not {value!r:.40}")
    asked, given, said = (clean_text(value or "") for value in values.values())
    if not asked:
        raise Mistake(f"{instruction} is empty")
    content = f"{asked}\n\n{given}" if given else asked
    texts = (asked, given, content) if given else (asked,)
    return _instruction((Turn("user", content),), said, texts, given)


def _from_messages(messages: Any, row: Mapping[str, Any]) -> Instruction | Skipped:
    listed = _listed(messages)
    if not listed:
        raise Mistake("messages must be a list of {role, content}")
    turns = [turn_of(number, message) for number, message in enumerate(listed, start=1)]
    wrong = wrong_order(turns)
    if wrong:
        raise Mistake(wrong)
    return _learned(turns, row)


def _from_conversations(given: Any, row: Mapping[str, Any]) -> Instruction | Skipped:
    """ShareGPT's form, whose conversations may begin with an answer and end with a question."""
    turns = turns_of_sharegpt(_listed(given), row.get("system"))
    if not turns:
        raise Mistake("conversations must be a list of {from, value}")
    whole = len(turns)
    while turns and turns[-1].role != "assistant":
        turns.pop()
    talk = [turn for turn in turns if turn.role != "system"]
    if not talk:
        return Skipped("no answer in the conversation")
    if talk[0].role == "assistant":
        return Skipped("a conversation that begins with an answer")
    wrong = wrong_order(turns)
    if wrong:
        raise Mistake(wrong)
    return _learned(turns, row, cut=len(turns) < whole)


def _learned(
    turns: Sequence[Turn], row: Mapping[str, Any], cut: bool = False
) -> Instruction | Skipped:
    """What is learned of turns: the last one, behind all others."""
    if turns[-1].calls:
        return Skipped("an answer that is a call of a tool")
    asked = tuple(turn.content for turn in turns[:-1] if turn.role in ("user", "tool"))
    return _instruction(tuple(turns[:-1]), turns[-1].content, asked, tools=_tools(row), cut=cut)


def _tools(row: Mapping[str, Any]) -> str:
    """The tools that a row declares, as JSON."""
    given = row.get("tools")
    tools = _listed(given)
    if given and not tools and str(given).strip() not in ("[]", "null"):
        raise Mistake(f"tools must be a list, not {given!r:.40}")
    return json.dumps(tools, ensure_ascii=False) if tools else ""


def _listed(given: Any) -> list[Any]:
    """A list that stands in a column, perhaps as JSON, as tables without nesting have it."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return []
    return given if isinstance(given, list) else []


def _instruction(
    messages: tuple[Turn, ...],
    answer: str,
    texts: tuple[str, ...],
    given: str = "",
    tools: str = "",
    cut: bool = False,
) -> Instruction:
    said = [f"{m.role}\0{m.content}{m.calls}" for m in (*messages, Turn("assistant", answer))]
    name = text_id("\0".join([*said, *filter(None, [tools])]), "in-")
    return Instruction(name, messages, answer, texts, given, tools, cut)
