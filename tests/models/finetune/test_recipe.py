"""The recipe: its defaults, its checks and its schedule."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest

from harness.errors import InputError
from harness.finetuning import METHODS
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.record import mean_of_first
from harness.models.finetune.schedule import default_learning_rate, learning_rate_at

LORA = METHODS["lora"]


def test_alpha_is_twice_the_rank_unless_given() -> None:
    assert Recipe(rank=8).scale_alpha == 16.0
    assert Recipe(rank=8, alpha=4.0).scale_alpha == 4.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"rank": 0},
        {"dropout": 1.0},
        {"learning_rate": 0.0},
        {"epochs": 0.0},
        {"epochs": math.nan},
        {"warmup_ratio": 1.5},
        {"method": "dpo"},
    ],
)
def test_an_unusable_value_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        Recipe(**wrong)


def test_the_default_learning_rate_falls_with_the_width() -> None:
    assert default_learning_rate(2000, LORA) == 5e-4
    assert default_learning_rate(256, LORA) == pytest.approx(2.5e-3, rel=0.02)
    assert default_learning_rate(4096, LORA) == pytest.approx(2.9e-4, rel=0.02)


def test_the_learning_rate_rises_linearly_and_falls_as_a_half_cosine() -> None:
    recipe = Recipe(learning_rate=1.0, warmup_ratio=0.1)
    rates = [learning_rate_at(recipe, step, 100) for step in range(100)]
    assert rates[:10] == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert rates[10] == pytest.approx(1.0)
    assert rates[55] == pytest.approx(0.5)
    assert rates[99] == pytest.approx(0.5 * (1 + math.cos(math.pi * 89 / 90)))


def test_a_constant_schedule_stays_at_its_peak() -> None:
    recipe = Recipe(learning_rate=0.3, warmup_ratio=0.0, schedule="constant")
    assert {learning_rate_at(recipe, step, 7) for step in range(7)} == {0.3}


def test_the_first_loss_is_the_mean_of_a_tenth_of_the_steps() -> None:
    assert mean_of_first([float(n) for n in range(30)]) == pytest.approx(1.0)
    assert mean_of_first([5.0, 1.0]) == 5.0


def test_recipes_and_checks_need_no_torch() -> None:
    code = (
        "import sys, harness.models.finetune.recipe, harness.models.sources, harness.models.gguf.quantize, "
        "harness.models.gguf.llamacpp_source, harness.engines.gguf_file; "
        "sys.exit(bool({'torch', 'transformers', 'llama_cpp'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
