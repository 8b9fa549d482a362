"""What the report says of held-out examples, of a search, and of a training that overfits."""

from __future__ import annotations

from typing import Any

import pytest

from harness.records import Summary, Training, Trial, Validation, ValidationPoint
from harness.reporting.held_out import search_blocks, turns, validation_blocks
from harness.reporting.markdown import markdown
from harness.reporting.sections import document
from tests.reporting.fixture import quickstart
from tests.reporting.fixture_models import training


def validation(**changes: Any) -> Validation:
    points = [
        ValidationPoint(
            step=step, epoch=step / 100, tokens=1_020 * step, loss=loss,
            parts={"sentiment": loss / 2, "dialogue": 2 * loss},
        )
        for step, loss in ((0, 3.1), (150, 0.8), (300, 1.1))
    ]  # fmt: skip
    given = {"examples": 90, "answer_tokens": 2_000, "points": points, "kept": 150}
    return Validation(**given | {"rise": 0.3, "rise_error": 0.05} | changes)


def tuned(**changes: Any) -> Training:
    return training("lora", 0.4).model_copy(update={"validation": validation(**changes)})


def with_training(of: Training) -> Summary:
    summary = quickstart()
    models = {
        name: model.model_copy(update={"training": of})
        if model.training == summary.models["lora"].training
        else model
        for name, model in summary.models.items()
    }
    return summary.model_copy(update={"models": models})


def test_losses_before_kept_and_in_the_end_stand_side_by_side() -> None:
    (block,) = validation_blocks({"lora": tuned()})
    text = str(block)
    for figure in ("3.100", "0.800", "1.100", "step 150", "1.550", "6.200"):
        assert figure in text
    assert validation_blocks({"lora": training("lora", 0.4)}) == []


@pytest.mark.parametrize(
    ("rise", "error", "expected"),
    [(0.3, 0.05, True), (0.3, 0.2, False), (None, None, False)],
)
def test_overfitting_is_named_where_the_rise_is_more_than_chance(
    rise: float | None, error: float | None, expected: bool
) -> None:
    of = tuned(rise=rise, rise_error=error)
    assert turns(of.validation) is expected
    page = markdown(document(with_training(of)))
    assert ("began to overfit: after step 150" in page) is expected
    if expected:
        assert "rose by 0.300 nats per token until the end (95% interval 0.202 to 0.398)" in page


def test_it_is_told_once_of_a_lineage() -> None:
    page = markdown(document(with_training(tuned())))
    # In the list of what speaks against the figures, and below the table of losses.
    assert page.count("began to overfit") == 2


def test_what_a_search_tried_is_shown_with_what_it_took() -> None:
    trials = [
        Trial(settings={"rank": rank, "learning_rate": 0.002}, loss=loss, steps=30, seconds=4.0, chosen=rank == 8)
        for rank, loss in ((4, 0.91), (8, 0.82))
    ]  # fmt: skip
    of = tuned().model_copy(update={"trials": trials})
    (block,) = search_blocks({"lora": of})
    text = str(block)
    assert "0.9100" in text and "0.8200" in text and text.count("'taken'") == 1
    assert "lowest of 2 losses" in text
    assert "What the search for lora tried" in markdown(document(with_training(of)))
