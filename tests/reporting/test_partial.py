"""Results that lack something say so, in the report, in the terminal and of their gates."""

from __future__ import annotations

from typing import Any

import pytest

from harness.records import Partial, Summary
from harness.reporting.blocks import plain
from harness.reporting.gates import gates
from harness.reporting.html import html
from harness.reporting.markdown import markdown
from harness.reporting.partial import MOST_NAMED, partial_lines
from harness.reporting.sections import document
from tests.reporting.fixture import quickstart
from tests.reporting.hostile import HOSTILE
from tests.reporting.test_write import printed

MISSING = [("lora-q4", "sentiment"), ("lora-q4", "dialogue")]
LIMITED = "Partial: --limit 10 asked at most 10 examples a task, and the suite asks for more."


def partial(**fields: Any) -> Summary:
    return quickstart(partial=Partial(**fields))


def said(summary: Summary) -> list[str]:
    return [plain(line) for line in partial_lines(summary)]


def test_the_whole_says_nothing() -> None:
    assert said(quickstart()) == [] and "Partial" not in printed(quickstart())


def test_a_smaller_limit_is_said_first_and_then_which_cells_are_missing() -> None:
    summary = partial(limit=10, missing=MISSING)
    total = len(summary.cells) + 2
    missing = (
        f"Partial: 2 of {total} cells have not been asked (lora-q4/sentiment, lora-q4/dialogue)."
    )
    assert said(summary) == [LIMITED, missing]


def test_a_model_without_any_cell_is_named_once() -> None:
    whole = quickstart()
    cells = [cell for cell in whole.cells if cell.model != "lora-q4"]
    gone = [(cell.model, cell.task) for cell in whole.cells if cell.model == "lora-q4"]
    assert len(gone) > 1
    (line,) = said(quickstart(cells=cells, partial=Partial(missing=gone)))
    assert line.endswith("have not been asked (lora-q4).")


def test_many_cells_are_counted() -> None:
    missing = [("base", f"task-{number}") for number in range(MOST_NAMED + 3)]
    (line,) = said(partial(missing=missing))
    assert line.endswith(f"base/task-{MOST_NAMED - 1} and 3 more).")


@pytest.mark.parametrize("write", [markdown, html], ids=["markdown", "html"])
def test_both_reports_and_the_terminal_say_it(write: Any) -> None:
    summary = partial(limit=10, missing=MISSING)
    text = write(document(summary))
    for words in ("Partial", "--limit 10", "cells have not been asked", "lora-q4/dialogue"):
        assert words in text and words in " ".join(printed(summary).split())


GATE = {"task": "sentiment", "metric": "accuracy", "max_drop": 0.1}


@pytest.mark.parametrize(
    ("suite", "waiting", "words"),
    [
        ([], 0, "The suite sets no gates, so nothing here passes or fails."),
        ([GATE], 1, "No gate could be judged: 1 gate waits for cells that have not been asked."),
        ([GATE], 0, "No gate could be judged: the cells have not been asked."),
        (
            [{**GATE, "against": "baseline"}],
            0,
            "Every gate is against a baseline; harness gate RESULTS --baseline NAME judges them.",
        ),
    ],
)
def test_a_suite_whose_gates_were_not_judged_is_not_said_to_have_none(
    suite: list[dict[str, Any]], waiting: int, words: str
) -> None:
    whole = quickstart()
    of = {**whole.suite, "spec": {**whole.suite.get("spec", {}), "gates": suite}}
    missing = MISSING if waiting else []
    summary = quickstart(suite=of, gates=[], partial=Partial(missing=missing, gates=waiting))
    assert plain(gates(summary)) == words


def test_gates_that_wait_stand_behind_those_that_were_judged() -> None:
    words = plain(gates(partial(missing=MISSING, gates=2)))
    assert words.startswith(plain(gates(quickstart())))
    assert words.endswith(" 2 gates wait for cells that have not been asked.")


def test_names_of_strangers_do_nothing() -> None:
    summary = partial(missing=[(HOSTILE, "sentiment")])
    assert "<img" not in html(document(summary)) and "<img" not in markdown(document(summary))
