"""Criteria are read with the line of each mistake."""

from __future__ import annotations

import pytest

from harness.assignment.checks import CHECKS
from harness.assignment.criteria import Criterion, read_criteria
from harness.assignment.templates import CRITERIA, built_in, find
from harness.errors import InputError
from tests.assignment.made import report
from tests.reporting.fixture import quickstart


def test_an_entry_names_checks_words_and_a_remedy() -> None:
    text = (
        "deliverables:\n  A model: {checks: [fine_tuned, loss_fell], open: 'Train.'}\n"
        "criteria:\n  A UI: {words: web-ui}\n"
    )
    found = read_criteria(text, "c.yaml", CHECKS, ["web-ui"])
    assert found.deliverables == (Criterion("A model", ("fine_tuned", "loss_fell"), (), "Train."),)
    assert found.criteria == (Criterion("A UI", (), ("web-ui",)),)


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        (
            "criteria:\n  A: {checks: improvment_shown}",
            "2: no check `improvment_shown`",
            "`improvement_shown`",
        ),
        (
            "criteria:\n  A:\n    checks:\n    - loss_fell\n    - lost",
            "5: no check `lost`",
            "Valid:",
        ),
        ("criteria:\n  A: {words: qestion}", "2: no place `qestion`", "`question`"),
        ("criterias:\n  A: {words: question}", "1: unknown key `criterias`", "`criteria`"),
        ("criteria:\n  A: {check: loss_fell}", "2: unknown key `check`", "`checks`"),
        ("criteria:\n  A: {open: x}", "2: nothing decides it", "words"),
        ("criteria:\n  A: loss_fell", "2: an entry has keys", ""),
        ("criteria: [a]", "1: each entry", ""),
        ("criteria:\n  A: {checks: [[x]]}", "2: no check", ""),
        (
            "criteria:\n  A: {words: question}\n  A: {words: question}",
            "3: `A` stands here twice",
            "",
        ),
        ("- a", "1: no criteria", "deliverables"),
        ("", "1: no criteria", "deliverables"),
        ("criteria:\n  A: {checks: [", "2: not YAML", ""),
        ("criteria: !!python/object:os.system x", "1: `python/object:os.system` is no text", ""),
        (
            "criteria:\n  A: {open: !!python/name:os.system }",
            "2: `python/name:os.system` is no",
            "",
        ),
        ("criteria:\n  A: {words: question, open: [x]}", "2: this is no text", ""),
    ],
)
def test_a_mistake_is_said_with_file_line_and_nearest_name(text: str, said: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        read_criteria(text, "c.yaml", CHECKS, ["question"])
    assert caught.value.message.startswith(f"c.yaml:{said}")
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", built_in())
def test_the_built_in_criteria_are_whole_and_say_how_to_get_each(name: str) -> None:
    places = [place.name for place in report(quickstart(), name).places]
    found = read_criteria(find(name).text(CRITERIA), name, CHECKS, places)
    assert len(found.deliverables) == 3 and len(found.criteria) == 5
    assert all(one.open for one in (*found.deliverables, *found.criteria))
