"""What of a served model and one that runs here is asked alike, and what is said of the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.analysis.alike import asked_otherwise, notes_of
from harness.analysis.answers import CellAnswers, TaskAnswers
from harness.analysis.comparisons import build_comparisons
from harness.records import AskedTexts
from tests.analysis.samples import classified, of_type

TEXTS = AskedTexts(sha256="a" * 64, tokens=100, longest_tokens=20)
HERE = CellAnswers(prompts="ids", told_by="loglikelihood", asked=TEXTS)
SERVED = CellAnswers(prompts="bytes", served=True, told_by="loglikelihood", asked=TEXTS)


def of(cell: CellAnswers, **asked: int | str | None) -> CellAnswers:
    return replace(cell, asked=TEXTS.model_copy(update=asked))


def test_the_same_texts_are_the_same_question_to_a_server() -> None:
    assert asked_otherwise(HERE, SERVED) == "" == asked_otherwise(SERVED, HERE)
    assert notes_of(HERE, SERVED) == [
        "Both were sent the same texts, of which the server makes tokens itself."
    ]
    assert notes_of(HERE, HERE) == []
    unknown = of(SERVED, tokens=None, longest_tokens=None)
    assert asked_otherwise(HERE, unknown) == ""


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (of(SERVED, sha256="b" * 64), "sent different texts"),
        (of(SERVED, longest_tokens=21), "20 of the longest before, 21 after"),
        (of(SERVED, tokens=148, longest_tokens=None), "100 of all before, 148 after"),
        (
            replace(SERVED, told_by="first_token"),
            "told by log-probabilities and those of the other",
        ),
        (replace(SERVED, told_by="constrained+parsed"), "a constraint and written and read"),
        (replace(SERVED, asked=None), "hashes of their token ids differ"),
        (replace(HERE, prompts="others"), "hashes of their token ids differ"),
    ],
)
def test_what_was_asked_otherwise_is_said(other: CellAnswers, said: str) -> None:
    found = asked_otherwise(HERE, other)
    assert said in found and "`prompts: any`" in found
    assert notes_of(HERE, other)


def test_two_that_run_here_are_told_as_the_suite_says() -> None:
    assert asked_otherwise(HERE, replace(HERE, told_by="parsed")) == ""


def test_other_ways_are_compared_where_the_suite_allows_it_and_noted() -> None:
    rows = classified("ababab" * 4, "ababab" * 4)
    cells = {
        "here": replace(HERE, samples=rows),
        "served": replace(SERVED, samples=rows, told_by="parsed"),
    }
    task = {"t": TaskAnswers("classify", of_type("classify"), cells, {}, ["a", "b"])}
    refused = build_comparisons("c", "here", ["served"], task, 0)[0]
    assert refused.delta is None and refused.other_prompts
    assert "two measurements" in (refused.reason or "")
    allowed = build_comparisons("c", "here", ["served"], task, 0, any_prompts=True)[0]
    assert allowed.delta == 0
    assert "told by log-probabilities before, and written and read after" in allowed.note
