"""The loss curve against a plain loop of PyTorch and PEFT that learns one example at a time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

from harness.models.finetune.examples import read_examples
from harness.models.finetune.order import plan_steps
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.run import finetune
from harness.records import TrainingExample
from tests.engines.models import CONTEXT, VOCABULARY

WARMUP = 0.2


def plain_curve(
    base: Path, steps: Sequence[Sequence[TrainingExample]], recipe: Recipe
) -> list[float]:
    """The mean loss of the answer tokens of each step, by whole forward passes with all logits."""
    torch.manual_seed(recipe.seed)
    plain = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=2 * recipe.rank,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    model: Any = get_peft_model(plain, config)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.learning_rate, weight_decay=0.0, fused=False)
    warmup = math.ceil(WARMUP * len(steps))
    curve = []
    for number, step in enumerate(steps):
        tokens = sum(len(example.target_ids) for example in step)
        total = 0.0
        for example in step:
            ids = torch.tensor([example.prompt_ids + example.target_ids])
            labels = torch.tensor(example.target_ids)
            logits = model(input_ids=ids).logits[0, len(example.prompt_ids) - 1 : -1]
            loss = torch.nn.functional.cross_entropy(logits, labels, reduction="sum") / tokens
            loss.backward()
            total += loss.item()
        curve.append(total)
        torch.nn.utils.clip_grad_norm_(weights, recipe.max_grad_norm)
        done = (number - warmup) / (len(steps) - warmup)
        rising = (number + 1) / warmup
        factor = rising if number < warmup else 0.5 * (1 + math.cos(math.pi * done))
        optimizer.param_groups[0]["lr"] = recipe.learning_rate * factor
        optimizer.step()
        optimizer.zero_grad()
    return curve


@pytest.mark.parametrize("packing", [False, True])
def test_each_step_has_the_plain_loops_loss(
    tiny: Path, examples: Path, tmp_path: Path, packing: bool
) -> None:
    recipe = Recipe(
        rank=4, learning_rate=3e-3, epochs=3.0, batch_tokens=48, validation=0, dtype="float32",
        warmup_ratio=WARMUP, packing=packing, accumulate=1,
    )  # fmt: skip
    rows = read_examples(examples, VOCABULARY, CONTEXT)
    planned = plan_steps(
        [len(row) for row in rows], recipe.batch_tokens, recipe.epochs,
        np.random.default_rng(recipe.seed), recipe.accumulate, packing,
    )  # fmt: skip
    steps = [[rows[index] for batch in step for index in batch] for step in planned]
    record = finetune(tiny, examples, recipe, tmp_path / "a", lambda _: None, threads=1)
    curve = [point.loss for point in record.curve]
    assert len(curve) > 12 and min(curve) < curve[0] - 0.5
    assert curve == pytest.approx(plain_curve(tiny, steps, recipe), abs=1e-4)
