"""The checklist ticks from results and words, and says how to get what is open."""

from __future__ import annotations

from pathlib import Path

from harness.assignment.states import State
from harness.reporting.blocks import plain
from tests.assignment.made import report, template
from tests.reporting.fixture import quickstart

PLACED = "# T\n\n{{ yours('ui', 'Which?') }}\n{{ show.checklist }}\n"
CRITERIA = """\
deliverables:
  A UI: {words: ui, open: "Run `llama-server`"}
criteria:
  Answers and words: {checks: all_answered, words: ui, open: "Write"}
  Texts: {checks: [all_answered, answers_written], open: "Add a task to `SUITE`, then `harness run SUITE`"}
"""


def states(tmp_path: Path, words: dict[str, str]) -> list[State]:
    made = report(quickstart(), template(tmp_path / "t", PLACED, CRITERIA), words)
    return [entry.state for entry in made.checklist.all]


def test_words_alone_are_the_authors_word_and_no_result(tmp_path: Path) -> None:
    assert states(tmp_path, {}) == [State.OPEN, State.OPEN, State.OPEN]
    assert states(tmp_path, {"ui": "gradio"}) == [State.TOLD, State.MET, State.OPEN]


def test_what_is_open_says_what_is_missing_and_the_command(tmp_path: Path) -> None:
    made = report(quickstart(), template(tmp_path / "t", PLACED, CRITERIA))
    said = [plain(entry.line) for entry in made.checklist.all]
    assert said[0] == "☐ A UI (open): your words are missing at ui. Run llama-server."
    file = quickstart().suite["file"]
    assert said[2].endswith(
        f"no model was asked to write. Add a task to {file}, then harness run {file}."
    )


def test_what_several_checks_say_alike_is_said_once(tmp_path: Path) -> None:
    criteria = "criteria:\n  T: {checks: [answers_written, answers_without_loops]}\n"
    made = report(quickstart(), template(tmp_path / "t", PLACED, criteria))
    assert plain(made.checklist.all[0].line) == "☐ T (open): no model was asked to write."


def test_what_is_met_shows_by_what(tmp_path: Path) -> None:
    made = report(quickstart(), template(tmp_path / "t", PLACED, CRITERIA), {"ui": "gradio"})
    assert plain(made.checklist.all[1].line).startswith("☑ Answers and words: all ")
