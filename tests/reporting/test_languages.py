"""What a report says of figures that count words."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from harness.records import OWN_METRICS, WORDING, Cell, MetricDescriptor, Summary, WordingDetails
from harness.reporting.blocks import plain
from harness.reporting.languages import ROUGE, language_doubts, language_notes
from harness.reporting.markdown import markdown
from harness.reporting.sections import document
from harness.reporting.terminal import terminal_table
from tests.reporting.fixture import quickstart

UNICODE = WordingDetails(rule="unicode", words=144, other=140, spaced=False)


def with_details(details: dict[str, Any]) -> Summary:
    """The quickstart's summary, with this in every cell of its summaries."""
    made = quickstart()

    def changed(cell: Cell) -> Cell:
        return cell.model_copy(update={"details": {**cell.details, **details}})

    cells = [changed(cell) if cell.task == "dialogue" else cell for cell in made.cells]
    own = MetricDescriptor(
        name="mine", label="mine", kind="mean", explanation="", own=True, higher_is_better=True
    )
    dialogue = made.tasks["dialogue"]
    dialogue = dialogue.model_copy(update={"metrics": {**dialogue.metrics, "mine": own}})
    return made.model_copy(update={"cells": cells, "tasks": {**made.tasks, "dialogue": dialogue}})


def said(details: dict[str, Any], *shown: str) -> list[str]:
    return [
        plain(line) for line in language_notes(with_details(details), "dialogue", shown or ROUGE)
    ]


def test_plain_english_needs_no_word() -> None:
    assert said({}) == []


def test_the_rule_is_named_with_what_it_follows_from() -> None:
    (note,) = said({WORDING: UNICODE.model_dump()})
    assert note.startswith("140 of 144 words of the right answers hold letters other than a to z")
    assert "single characters where a script puts no spaces" in note and "none is stemmed" in note
    few = UNICODE.model_copy(update={"rule": "english", "other": 1})
    (note,) = said({WORDING: few.model_dump()})
    assert note.endswith("which ROUGE cuts out as published figures of English do.")


def test_what_rouge_cannot_grade_is_named_and_stands_on_the_screen_too() -> None:
    of = UNICODE.model_copy(
        update={"wordless": ("a", "b"), "shown": "🙂", "single": 1, "answers": 3}
    )
    made = with_details({WORDING: of.model_dump()})
    notes = [plain(line) for line in language_doubts(made, "dialogue", ROUGE)]
    assert notes[0].startswith("2 right answers without a word (a, b; such as “🙂”)")
    assert notes[1].startswith("1 right answer of a single word")
    assert notes[2] == "base: 3 answers of signs without a word, which ROUGE counts as 0."
    console = Console(width=400, record=True, file=None)
    with console.capture() as captured:
        console.print(terminal_table(made))
    assert f"dialogue: {notes[0]}" in captured.get()
    assert notes[0] in markdown(document(made))


def test_metrics_that_do_not_read_the_language_are_named_beside_their_figures() -> None:
    limited = {OWN_METRICS: {"mine": {"code": "c", "limit": "splits texts at spaces"}}}
    (note,) = said(limited, "mine")
    assert note.startswith("mine splits texts at spaces: of the right answers of dialogue")
    nothing = {OWN_METRICS: {"mine": {"code": "c", "of_right_answers": 0.0}}}
    (note,) = said(nothing, "mine")
    assert note.startswith("mine gives 0 even to the right answers of dialogue themselves")
    assert said({OWN_METRICS: {"mine": {"code": "c", "of_right_answers": 1.0}}}, "mine") == []
    assert said(limited) == []
