"""A check is met by what was measured, open where nothing was, and not met where results speak against it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.assignment.checks import CHECKS
from harness.assignment.parts import PARTS
from harness.assignment.source import Source
from harness.assignment.states import State, worst
from harness.records import Partial, Summary
from harness.reporting import markdown
from harness.reporting.blocks import plain
from tests.assignment.made import NOWHERE
from tests.reporting.every_variant import VARIANTS
from tests.reporting.fixture import quickstart
from tests.reporting.hostile import hostile
from tests.reporting.variants import empty, with_doubts, with_failures, without_speed
from tests.reporting.written import texts_alone, with_texts


def state(name: str, summary: Summary) -> State:
    return CHECKS[name].find(summary).state


@pytest.mark.parametrize("name", list(CHECKS))
def test_of_nothing_nothing_is_met(name: str) -> None:
    assert state(name, empty()) in (State.OPEN, State.NOT_MET)


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_every_check_stands_every_summary(variant: str) -> None:
    summary = VARIANTS[variant]()
    assert all(plain(check.find(summary).line) for check in CHECKS.values())


@pytest.mark.parametrize(
    ("name", "summary", "expected"),
    [
        ("all_answered", quickstart, State.MET),
        ("all_answered", with_failures, State.NOT_MET),
        ("answers_written", with_texts, State.NOT_MET),
        ("answers_written", quickstart, State.OPEN),
        ("answers_without_loops", with_texts, State.PARTLY),
        ("asked_through_chat_template", with_texts, State.NOT_MET),
        ("checks_passed", quickstart, State.MET),
        ("checks_passed", with_doubts, State.PARTLY),
        ("compared_before_after", quickstart, State.MET),
        ("examples_shown", quickstart, State.MET),
        ("fine_tuned_with_lora", quickstart, State.MET),
        ("fine_tuned_with_lora", texts_alone, State.MET),
        ("loss_fell", quickstart, State.MET),
        ("quantized", quickstart, State.MET),
        ("real_model", quickstart, State.NOT_MET),
        ("reproducible", quickstart, State.MET),
        ("runs_under_llamacpp", quickstart, State.MET),
        ("speed_measured", quickstart, State.MET),
        ("speed_measured", without_speed, State.OPEN),
        ("divergence_measured", quickstart, State.MET),
    ],
)  # fmt: skip
def test_a_check_sees_what_the_results_show(
    name: str, summary: Callable[[], Summary], expected: State
) -> None:
    assert state(name, summary()) == expected


def test_partial_results_do_not_answer_the_suite() -> None:
    partial = quickstart(partial=Partial(limit=10))
    assert state("all_answered", partial) == State.OPEN
    limits = PARTS["limits"](Source(partial, NOWHERE))
    assert "--limit 10" in markdown.block(limits[0])


def test_of_several_states_the_worst_counts() -> None:
    assert worst([State.MET, State.TOLD]) == State.TOLD
    assert worst([State.OPEN, State.NOT_MET, State.MET]) == State.NOT_MET


def test_hostile_names_are_said_and_nothing_breaks() -> None:
    assert "onerror" in plain(CHECKS["fine_tuned"].find(hostile()).line)
