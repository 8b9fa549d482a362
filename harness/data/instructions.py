"""Instruction data for fine-tuning: Alpaca's and Dolly's columns, and chat messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.data.datasets import Example
from harness.data.decoding import clean_text
from harness.data.normal_forms import normal_form
from harness.data.readings import PLACES, Dropped, Reading, SplitReading, Tally
from harness.data.splits import split_sha256, text_id
from harness.data.tables import DataRow, read_table
from harness.errors import BadDataError

ROLES = ("system", "user", "assistant")
_SHAPES = (
    ("instruction", "input", "output"),
    ("instruction", "context", "response"),
)


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation."""

    role: str
    content: str


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

    @property
    def instruction(self) -> str:
        """The last turn of the user, without the input."""
        return self.messages[-1].content.removesuffix(f"\n\n{self.input}" if self.input else "")


@dataclass(frozen=True)
class Instructions:
    """What an instruction file holds, and the record of its reading."""

    rows: tuple[Instruction, ...]
    reading: Reading


def read_instructions(*paths: Path) -> Instructions:
    """Reads instruction data from tables that `read_table` knows; each row may have its own form.

    - `instruction`, `input` (may be empty or missing), `output`: Alpaca. The user's turn is the
      instruction, then, after an empty line, the input.
    - `instruction`, `context` (may be empty or missing), `response`: Dolly, likewise.
    - `messages`: a list of `{role, content}` with the roles system, user and assistant, where a
      system turn can only come first, users and assistants take turns, and an assistant has the last
      word, which is the answer.

    Rows with an empty answer and repetitions are left out and counted.

    Args:
        paths: the file, or several that hold parts of it.

    Raises:
        InputError: no such file, or not a table.
        BadDataError: a row of no such form; the first few are named by file and line.
    """
    tables = [read_table(path) for path in paths]
    tally = Tally()
    kept: dict[str, Instruction] = {}
    wrong: list[str] = []
    placed = (pair for t in tables for pair in zip(t.rows, t.places, strict=True))
    for row, place in placed:
        found = _conversation(row)
        if isinstance(found, str):
            wrong.append(f"{place}: {found}")
            continue
        if not found.answer:
            tally.drop("an empty answer", place)
        elif found.id in kept:
            tally.drop("a repetition of another row", place)
        else:
            kept[found.id] = found
    if wrong:
        raise _bad_rows(wrong)
    rows = tuple(kept.values())
    examples = [Example(row.id, "\n".join(row.texts), row.answer) for row in rows]
    reading = Reading(
        dataset=paths[0].name,
        options={},
        sources=tuple(table.source for table in tables),
        read={"train": sum(len(table.rows) for table in tables)},
        dropped=tally.dropped(),
        splits=(SplitReading("train", len(rows), {}, split_sha256(examples)),),
        complaints=() if rows else (f"{paths[0]}: no row with an answer",),
        notes=tuple(note for table in tables for note in table.notes),
    )
    return Instructions(rows, reading)


def without_tested(
    rows: Sequence[Instruction], tested: Iterable[Example]
) -> tuple[tuple[Instruction, ...], Dropped]:
    """The instructions from which no tested text can be learned, and how many others there were.

    By normal forms, a row is left out where one of its texts is a tested text; where a tested text
    stands anywhere in the conversation or its answer; and where what it is about (its input, a turn of
    the user) stands in a tested text, which may be a prompt with words round it. What stands inside
    something else counts from `SEEN` characters on.
    """
    inside = _TestedTexts(normal_form(example.text) for example in tested)
    tally = Tally()
    kept = []
    for row in rows:
        if inside.shows(row):
            tally.drop(TESTED, row.id)
        else:
            kept.append(row)
    return tuple(kept), (*tally.dropped(), Dropped(TESTED, 0))[0]


TESTED = "a text that is tested"
SEEN = 20
"""Characters of a normal form, some four words, from which on it is no accident that one text stands
in another."""


class _TestedTexts:
    def __init__(self, forms: Iterable[str]) -> None:
        self._forms = set(forms)
        self._all = "\n".join(sorted(self._forms))
        self._by_beginning: dict[str, list[str]] = {}
        for form in self._forms:
            if len(form) >= SEEN:
                self._by_beginning.setdefault(form[:SEEN], []).append(form)

    def shows(self, row: Instruction) -> bool:
        if any(normal_form(text) in self._forms for text in row.texts):
            return True
        whole = normal_form("\n".join([*(turn.content for turn in row.messages), row.answer]))
        about = [row.input] if row.input else row.texts
        return self._stands_in(whole) or any(self._holds(normal_form(text)) for text in about)

    def _stands_in(self, whole: str) -> bool:
        for start in range(len(whole) - SEEN + 1):
            found = self._by_beginning.get(whole[start : start + SEEN])
            if found and any(whole.startswith(form, start) for form in found):
                return True
        return False

    def _holds(self, form: str) -> bool:
        return len(form) >= SEEN and form in self._all


def _conversation(row: DataRow) -> Instruction | str:
    """A row's conversation, or what is wrong with it."""
    if "messages" in row:
        return _from_messages(row["messages"])
    for instruction, context, answer in _SHAPES:
        if instruction in row and answer in row:
            return _from_columns(row, instruction, context, answer)
    columns = ", ".join(map(str, row)) or "none"
    return f"neither messages nor instruction and output; the columns are: {columns}"


def _from_columns(row: DataRow, instruction: str, context: str, answer: str) -> Instruction | str:
    values = {name: row.get(name) for name in (instruction, context, answer)}
    for name, value in values.items():
        if value is not None and not isinstance(value, str):
            return f"{name} must be a text, not {value!r:.40}"
    asked, given, said = (clean_text(value or "") for value in values.values())
    if not asked:
        return f"{instruction} is empty"
    content = f"{asked}\n\n{given}" if given else asked
    texts = (asked, given, content) if given else (asked,)
    return _instruction((Turn("user", content),), said, texts, given)


def _from_messages(messages: Any) -> Instruction | str:
    if not isinstance(messages, list) or not messages:
        return "messages must be a list of {role, content}"
    turns = []
    for number, message in enumerate(messages, start=1):
        if not isinstance(message, dict):
            return f"message {number} is no object of role and content"
        role, content = message.get("role"), message.get("content")
        if role not in ROLES:
            return f"message {number}: role {role!r:.40} is none of {', '.join(ROLES)}"
        if not isinstance(content, str):
            return f"message {number}: content must be a text, not {content!r:.40}"
        turns.append(Turn(role, clean_text(content)))
    talk = turns[1:] if turns[0].role == "system" else turns
    for number, turn in enumerate(talk):
        due = ROLES[1 + number % 2]
        if turn.role != due:
            place = number + 1 + len(turns) - len(talk)
            return f"message {place}: {turn.role} speaks where {due} should"
    if not talk or talk[-1].role != "assistant":
        return "the last message must be the assistant's"
    asked = tuple(turn.content for turn in turns[:-1] if turn.role == "user")
    return _instruction(tuple(turns[:-1]), turns[-1].content, asked)


def _instruction(
    messages: tuple[Turn, ...], answer: str, texts: tuple[str, ...], given: str = ""
) -> Instruction:
    whole = "\0".join(f"{m.role}\0{m.content}" for m in (*messages, Turn("assistant", answer)))
    return Instruction(text_id(whole, "in-"), messages, answer, texts, given)


def _bad_rows(wrong: Sequence[str]) -> BadDataError:
    more = f"; and {len(wrong) - PLACES} more" if len(wrong) > PLACES else ""
    return BadDataError(
        "; ".join(wrong[:PLACES]) + more,
        "A row is {instruction, input, output}, {instruction, context, response} or "
        "{messages: [{role, content}, …]}.",
    )
