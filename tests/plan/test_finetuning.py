"""What is in the key of a fine-tuning, and what the plan makes of its settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.estimate.asked import LearnedTokens
from harness.plan.params import FinetuneParams
from harness.plan.steps import Step
from tests.plan.test_builder import plan
from tests.suite.test_reader import GOOD


def tuning(*settings: str) -> Step:
    given = ", ".join(["method: lora", *settings])
    text = GOOD.replace("method: lora", given)
    assert text != GOOD or not settings
    return next(step for step in plan(text).steps.values() if step.kind == "finetune")


@pytest.mark.parametrize(
    "setting",
    [
        "validation: 0.1",
        "early_stopping: 2",
        "accumulate: 2",
        "packing: true",
        "schedule: linear",
        "initialization: pissa",
        "modules_to_save: [lm_head]",
        "rank_pattern: {q_proj: 2}",
        "search: {rank: [4, 8]}",
        "weights: {sentiment: 2}",
        "optimizer: adamw",
        "dtype: float32",
    ],
)
def test_each_setting_is_in_the_key(setting: str) -> None:
    assert tuning(setting).key != tuning().key


def test_names_of_what_is_learned_are_not() -> None:
    step = tuning()
    assert step.given(FinetuneParams).parts == ("sentiment",)
    assert "parts" not in step.params.identity() and "weights" not in step.params.identity()


def test_weights_stand_in_the_order_of_the_parts(tmp_path: Path) -> None:
    params = tuning("weights: {sentiment: 2.5}").given(FinetuneParams)
    assert (params.parts, params.weights) == (("sentiment",), (2.5,))
    assert params.recipe()["weights"] == (2.5,)


def test_what_is_seen_is_counted_over_weights_passes_and_trials() -> None:
    def params(**given: object) -> FinetuneParams:
        return FinetuneParams.model_validate({"method": "lora", "epochs": 3.0, "seed": 0, **given})

    learned = LearnedTokens((100, 10), longest=9, label_share=0.5)
    assert learned.seen(params()) == 330
    assert learned.seen(params(weights=(2.0, 0.5))) == 615
    assert learned.seen(params(search={"rank": [4, 8]})) == 660
    assert learned.seen(params(search={"epochs": [1, 2]})) == 330
