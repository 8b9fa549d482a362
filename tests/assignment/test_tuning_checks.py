"""What a fine-tuning did: shown, shown in part, undecided, or shown to be harm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from harness.assignment.checks import CHECKS
from harness.assignment.states import State
from harness.records import Comparison, Learned, Summary
from harness.reporting.blocks import plain
from tests.assignment.test_checks import state
from tests.reporting.fixture import quickstart
from tests.reporting.fixture_models import curve

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
        ({"curve": curve(1.0, 3.0, 40), "learned": [LEARNED, LEARNED]}, State.OPEN),
        ({"final_loss": 99.0, "learned": [LEARNED, LEARNED]}, State.MET),
        ({"steps": 1}, State.OPEN),
    ],
)
def test_a_loss_that_rose_is_not_met_and_one_step_or_mixed_data_show_less(
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
