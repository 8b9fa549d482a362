"""What a reader is told of how a task was asked."""

from __future__ import annotations

from harness.runner.notes import notes_on
from harness.suite.schema import ClassifyTask
from harness.suite.schema.tasks.multiple_choice import MultipleChoiceTask


def test_labels_that_are_scored_without_a_thought_are_noted_with_what_helps() -> None:
    scored = ClassifyTask(type="classify", dataset="d")
    assert notes_on(scored, {"m": {"thinks": "opened"}}, ()) == [
        "The chat template of m opens a thought: labels are scored behind an empty one. "
        "`ask: generate` lets it think."
    ]
    written = ClassifyTask(type="classify", dataset="d", ask="generate")
    assert notes_on(written, {"m": {"thinks": "opened"}}, ()) == []


def test_choices_cannot_be_written_so_that_nothing_says_they_could() -> None:
    task = MultipleChoiceTask(type="multiple_choice", dataset="d")
    assert notes_on(task, {"m": {"thinks": "may"}}, ()) == [
        "m may think before it answers, and choices are scored as if it did not. "
        "`thinking: false` asks it to answer at once."
    ]


def test_choices_that_go_on_from_one_another_are_named_with_what_was_done() -> None:
    task = MultipleChoiceTask(type="multiple_choice", dataset="d")
    outcome = {"continued": ["ice", "ice cream"], "scored_by": {"sum": 197, "end": 3}}
    (note,) = notes_on(task, {"m": outcome}, ())
    assert note.startswith("Of the choices that m is asked, `ice cream` goes on from `ice`")
    assert "is scored, too, in the 3 of 200 questions that have such choices" in note
    (note,) = notes_on(task, {"m": {**outcome, "scored_by": {"mean": 200}}}, ())
    assert note.endswith("they are compared by `score: mean`.")
