"""A check is met by what was measured, open where nothing was, and not met where results speak against it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.assignment.checks import CHECKS
from harness.assignment.parts import PARTS
from harness.assignment.source import Source
from harness.assignment.states import State, worst
from harness.records import Comparison, Learned, Partial, Summary
from harness.reporting import markdown
from harness.reporting.blocks import plain
from tests.assignment.made import NOWHERE
from tests.reporting.every_variant import VARIANTS
from tests.reporting.fixture import quickstart
from tests.reporting.hostile import hostile
from tests.reporting.variants import empty, with_doubts, with_failures, without_speed
from tests.reporting.written import texts_alone, with_texts

LEARNED = Learned(name="sample", kind="task", rows=9, left_out={}, learned=9)


def tuned(change: Callable[[Comparison], Comparison]) -> Summary:
    """The quickstart with other differences by fine-tuning."""
    whole = quickstart()
    rows = [change(row) if row.name == "fine-tuning" else row for row in whole.comparisons]
    return whole.model_copy(update={"comparisons": rows})


def turned(row: Comparison) -> Comparison:
    """The difference the other way round."""
    if row.delta is None or row.low is None or row.high is None:
        return row
    return row.model_copy(
        update={
            "delta": -row.delta,
            "low": -row.high,
            "high": -row.low,
            "better": row.worse,
            "worse": row.better,
        }
    )


def unclear(row: Comparison) -> Comparison:
    return row.model_copy(update={"low": -0.5, "high": 0.5, "p": 0.6, "p_adjusted": 0.6})


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


def test_an_improvement_is_met_only_where_it_is_shown() -> None:
    assert state("improvement_shown", quickstart()) == State.MET
    assert state("improvement_shown", tuned(unclear)) == State.OPEN


def test_harm_is_not_met_and_not_done() -> None:
    finding = CHECKS["improvement_shown"].find(tuned(turned))
    assert finding.state == State.NOT_MET
    assert "−41.6 pp" in plain(finding.line) and "(worse)" in plain(finding.line)


def test_harm_to_one_model_is_not_open_where_of_the_other_nothing_was_shown() -> None:
    mixed = tuned(lambda row: turned(row) if row.candidate == "qlora" else unclear(row))
    assert state("improvement_shown", mixed) == State.NOT_MET


def test_help_on_one_task_and_harm_on_another_is_met_in_part() -> None:
    harmed = tuned(lambda row: turned(row) if row.task == "sentiment" else row)
    assert state("improvement_shown", harmed) == State.PARTLY


def test_harm_to_another_model_is_said_beside_an_improvement() -> None:
    finding = CHECKS["improvement_shown"].find(
        tuned(lambda row: turned(row) if row.candidate == "qlora" else row)
    )
    assert finding.state == State.MET
    assert "qlora became worse in accuracy, ROUGE-L" in plain(finding.line)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"final_loss": 99.0, "learned": []}, State.NOT_MET),
        ({"final_loss": 99.0, "learned": [LEARNED, LEARNED]}, State.OPEN),
        ({"steps": 1}, State.OPEN),
    ],
)
def test_a_loss_that_rose_is_not_met_and_one_step_shows_nothing(
    change: dict[str, Any], expected: State
) -> None:
    whole = quickstart()
    models = {
        name: of.model_copy(update={"training": of.training.model_copy(update=change)})
        if of.training
        else of
        for name, of in whole.models.items()
    }
    assert state("loss_fell", whole.model_copy(update={"models": models})) == expected


def test_of_several_states_the_worst_counts() -> None:
    assert worst([State.MET, State.TOLD]) == State.TOLD
    assert worst([State.OPEN, State.NOT_MET, State.MET]) == State.NOT_MET


def test_hostile_names_are_said_and_nothing_breaks() -> None:
    assert "onerror" in plain(CHECKS["fine_tuned"].find(hostile()).line)
