"""Steps that show what a fine-tuning broke stand beside all others, and change the key of none."""

from __future__ import annotations

from tests.plan.test_builder import FakeResolver, cells, plan
from tests.suite.test_forgetting import TEXT


def test_no_step_is_made_anew_for_what_is_asked_besides() -> None:
    without, found = plan(f"{TEXT}forgetting: false\n"), plan(TEXT)
    assert without.steps.keys() < found.steps.keys()
    assert cells(without).items() < cells(found).items()
    more = [found.steps[key] for key in found.steps.keys() - without.steps.keys()]
    assert sorted(step.kind for step in more) == ["check", *["prompts"] * 4]


def test_each_is_asked_before_and_after_and_of_every_seed() -> None:
    found = {model for model, task in cells(plan(TEXT)) if task == "general-text"}
    assert found == {"base", "lora", "lora.seed1", "again"}


def test_what_is_asked_besides_is_checked_before_and_belongs_to_the_lineages_first_model() -> None:
    found = plan(TEXT)
    (check,) = [
        step
        for step in found.steps.values()
        if step.label == "confirm the built-in prompts for base"
    ]
    asked = [cell for cell in found.cells if cell.task == "harmful-requests"]
    assert asked and all(check.key in cell.after for cell in asked)
    assert check.key in found.models["base"].checks
    assert not any(check.key in cell.after for cell in found.cells if cell.task == "sentiment")


def test_a_limit_of_the_suite_changes_no_passage() -> None:
    few = plan(f"{TEXT}defaults: {{limit: 5, seed: 3}}\n", FakeResolver())
    assert few.prompts["general-text", "base"] == plan(TEXT).prompts["general-text", "base"]
