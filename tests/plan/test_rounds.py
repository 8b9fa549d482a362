"""Timed cells are cut into rounds, and the models take turns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from harness.plan.cell_params import CellParams
from harness.plan.graph import Plan
from harness.plan.steps import Step
from harness.suite.schema import SpeedTask
from tests.plan.test_builder import plan
from tests.suite.test_reader import GOOD

TWINS = GOOD.replace("models:\n", "models:\n  twin: {source: starter}\n")


def timing(graph: Plan) -> list[Step]:
    """All rounds in the order in which they are done."""
    return [*graph.rounds, *(cell for cell in graph.cells if cell.is_timing)]


def test_round_one_of_all_models_comes_before_round_two_of_any() -> None:
    models = ["base", "lora", "lora-f16", "lora-q4"]
    assert [step.model for step in timing(plan())] == models * 3
    assert [step.given(CellParams).round for step in timing(plan())] == [1] * 4 + [2] * 4 + [3] * 4


def test_what_is_timed_comes_after_what_is_asked() -> None:
    kinds = [cell.is_timing for cell in plan().cells]
    assert kinds == sorted(kinds)


def test_a_round_waits_for_those_before_it_and_for_no_other_model() -> None:
    by_key = {step.key: step for step in timing(plan())}
    for step in by_key.values():
        before = [by_key[key] for key in step.after if key in by_key]
        assert {one.model for one in before} <= {step.model}
        assert [one.given(CellParams).round for one in before] == list(
            range(1, step.given(CellParams).round)
        )


def test_every_round_knows_the_cell_and_has_a_process_of_its_own() -> None:
    steps = timing(plan())
    assert len({step.group for step in steps}) == len(steps)
    cells = {cell.model: cell.key for cell in plan().cells if cell.is_timing}
    assert all(step.given(CellParams).cell == cells[step.model] for step in steps)


def test_models_that_are_defined_alike_are_timed_each_for_itself() -> None:
    base, twin = ([s for s in timing(plan(TWINS)) if s.model == name] for name in ("base", "twin"))
    assert base[-1].key == twin[-1].key
    assert not {step.key for step in base[:-1]} & {step.key for step in twin[:-1]}


def test_a_single_round_is_the_cell_alone() -> None:
    graph = plan(GOOD.replace("{type: speed}", "{type: speed, rounds: 1}"))
    assert graph.rounds == ()
    assert next(cell.label for cell in graph.cells if cell.is_timing) == "time base: speed"


def test_a_changed_task_has_other_rounds() -> None:
    after = plan(GOOD.replace("{type: speed}", "{type: speed, depths: [0, 64]}"))
    assert not {step.key for step in after.rounds} & {step.key for step in plan().rounds}


@given(st.integers(2, 50), st.integers(1, 50))
def test_shares_are_as_equal_as_they_can_be(repetitions: int, rounds: int) -> None:
    if rounds > repetitions:
        with pytest.raises(ValidationError, match="rounds"):
            SpeedTask(type="speed", repetitions=repetitions, rounds=rounds)
        return
    shares = SpeedTask(type="speed", repetitions=repetitions, rounds=rounds).shares
    assert (sum(shares), len(shares)) == (repetitions, rounds)
    assert max(shares) - min(shares) <= 1


def test_there_are_three_rounds_unless_there_is_less_to_share() -> None:
    assert SpeedTask(type="speed").shares == [2, 2, 2]
    assert SpeedTask(type="speed", repetitions=2).shares == [1, 1]


def test_a_number_stands_for_a_list_of_itself() -> None:
    one = SpeedTask.model_validate({"type": "speed", "prompt_tokens": 64, "depths": 0})
    many = SpeedTask.model_validate({"type": "speed", "prompt_tokens": [64], "depths": [0]})
    assert one == many
