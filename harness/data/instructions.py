"""Instruction data for fine-tuning: tables of columns or conversations, read whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.data.conversations import FORMS, Instruction, Skipped, conversation
from harness.data.datasets import Example
from harness.data.normal_forms import normal_form
from harness.data.readings import PLACES, Dropped, Reading, SplitReading, Tally
from harness.data.splits import split_sha256
from harness.data.tables import read_table
from harness.data.turns import Mistake, Turn
from harness.errors import BadDataError
from harness.quantities import plural

__all__ = ["TESTED", "Instruction", "Instructions", "Turn", "read_instructions", "without_tested"]


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
    - `prompt`, `completion`: texts, or lists of messages.
    - `messages`: a list of `{role, content}` with the roles system, user, assistant and tool; content is
      a text or a list of parts that are texts. A system turn can only come first, users and assistants
      take turns, tools answer calls, and an assistant has the last word, which is the answer.
    - `conversations`: the same as ShareGPT writes it (`{from, value}`); what stands behind the last
      answer is left out.

    Rows with an empty answer, or one that calls a tool, and repetitions are left out and counted.

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
        try:
            found = conversation(row)
        except Mistake as mistake:
            wrong.append(f"{place}: {mistake}")
            continue
        if isinstance(found, Skipped):
            tally.drop(found.reason, place)
        elif not found.answer:
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
        notes=(*(note for table in tables for note in table.notes), *_notes(rows)),
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


def _notes(rows: Sequence[Instruction]) -> Iterator[str]:
    cut = sum(row.cut for row in rows)
    if cut:
        yield f"what stands behind the last answer was left out of {plural(cut, 'conversation')}"


def _bad_rows(wrong: Sequence[str]) -> BadDataError:
    more = f"; and {len(wrong) - PLACES} more" if len(wrong) > PLACES else ""
    return BadDataError(
        "; ".join(wrong[:PLACES]) + more,
        FORMS,
    )
