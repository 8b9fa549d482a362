"""Held-out examples: their loss, the best weights, and a training that is stopped early."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import PeftModel

from harness.errors import InputError
from harness.models.finetune.base_model import load_base, load_quantized_base
from harness.models.finetune.examples import read_examples
from harness.models.finetune.heldout import HeldOut
from harness.models.finetune.order import hold_out
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.run import TrainingProgress, finetune
from harness.records import TrainingExample
from harness.starter import MODEL_FOLDER
from tests.engines.models import CONTEXT, VOCABULARY
from tests.models.finetune.test_batches import one_at_a_time

CPU = torch.device("cpu")
RECIPE = Recipe(epochs=4.0, batch_tokens=48, learning_rate=5e-3, rank=4, validation=6)


def held_out(tiny: Path, examples: Path, recipe: Recipe) -> HeldOut:
    rows = read_examples(examples, VOCABULARY, CONTEXT)
    apart = hold_out(len(rows), recipe.validation, np.random.default_rng(recipe.seed))
    return HeldOut.of([rows[i] for i in apart], recipe.batch_tokens, ())


def test_the_losses_are_those_of_one_example_at_a_time(tiny: Path, examples: Path) -> None:
    model = load_base(tiny)
    rows = read_examples(examples, VOCABULARY, CONTEXT)
    asked = HeldOut.of(rows, 40, ())
    found = asked.losses(model, CPU, torch.float32)
    with torch.no_grad():
        wanted = [one_at_a_time(model, [row]).sum().item() for row in rows]
    assert found == pytest.approx(wanted, abs=1e-4)
    assert asked.mean(found) == pytest.approx(sum(wanted) / asked.answer_tokens)
    assert model.training


def test_asking_them_leaves_a_base_in_4_bits_as_it_was(examples: Path) -> None:
    """bitsandbytes rounds what it is asked for without gradients on a processor with AVX512-BF16, and keeps it so."""
    model = load_quantized_base(MODEL_FOLDER, "nf4", CPU, torch.bfloat16)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    assert any("absmax" in name for name in before), "no weight is in 4 bits"
    rows = read_examples(examples, VOCABULARY, CONTEXT)
    HeldOut.of(rows, 40, ()).losses(model, CPU, torch.bfloat16)
    after = model.state_dict()
    assert all(torch.equal(weight, after[name]) for name, weight in before.items())


def test_what_is_held_out_is_not_learned_and_the_best_weights_come_out(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    told: list[TrainingProgress] = []
    # Far too high a rate in the second half of the training makes the loss turn.
    recipe = replace(RECIPE, dtype="float32", learning_rate=0.05, schedule="constant", epochs=6.0)
    record = finetune(tiny, examples, recipe, tmp_path / "a", told.append, threads=1)
    found = record.validation
    assert found is not None and (found.examples, record.examples) == (6, 18)
    assert found.points[0].step == 0 and found.points[-1].step == record.steps
    assert len(found.points) == 13 and found.answer_tokens == 18
    best = min(found.points, key=lambda point: point.loss)
    assert best.step == found.kept < record.steps
    assert told[-1].validation_loss == found.points[-2].loss
    assert found.rise == pytest.approx(found.points[-1].loss - best.loss)
    assert found.rise_error is not None and found.rise_error > 0
    asked = held_out(tiny, examples, recipe)
    plain = PeftModel.from_pretrained(load_base(tiny), tmp_path / "a")
    losses = asked.losses(plain, CPU, torch.float32)
    assert asked.mean(losses) == pytest.approx(best.loss, abs=1e-5)
    before = asked.losses(load_base(tiny), CPU, torch.float32)
    assert asked.mean(before) == pytest.approx(found.points[0].loss, abs=1e-5)


def test_a_training_stops_once_the_loss_has_not_fallen_so_many_times(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, learning_rate=0.05, schedule="constant", epochs=20.0)
    whole = finetune(tiny, examples, recipe, tmp_path / "a", lambda _: None, threads=1)
    early = finetune(
        tiny, examples, replace(recipe, early_stopping=3), tmp_path / "b", lambda _: None, threads=1
    )
    assert early.validation is not None and whole.validation is not None
    assert early.validation.stopped and not whole.validation.stopped
    assert early.steps < whole.steps
    losses = [point.loss for point in early.validation.points]
    assert min(losses[-3:]) >= min(losses) == losses[-4]
    assert early.validation.kept == early.validation.points[-4].step


def test_too_few_examples_for_a_share_are_all_learned(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    record = finetune(tiny, examples, Recipe(epochs=0.5), tmp_path / "a", lambda _: None, threads=1)
    assert record.validation is None and record.examples == 24
    with pytest.raises(InputError, match="holds out 24 examples, and there are 24"):
        finetune(tiny, examples, Recipe(validation=24), tmp_path / "b", lambda _: None)


def test_the_loss_of_each_task_is_told_apart(tiny: Path, examples: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in examples.read_text().splitlines()]
    file = tmp_path / "two.jsonl"
    file.write_text(
        "".join(json.dumps({**row, "part": n % 2}) + "\n" for n, row in enumerate(rows))
    )
    recipe = replace(RECIPE, epochs=1.0, validation=8)
    record = finetune(
        tiny, file, recipe, tmp_path / "a", lambda _: None, 1, None, ("sentiment", "dialogue")
    )
    assert record.validation is not None
    for point in record.validation.points:
        assert point.parts.keys() == {"sentiment", "dialogue"}
        assert min(point.parts.values()) <= point.loss <= max(point.parts.values())


def test_the_error_of_a_rise_is_that_of_a_resampled_one() -> None:
    rng = np.random.default_rng(0)
    rows = [TrainingExample((1,), (1,) * int(n)) for n in rng.integers(1, 30, 150)]
    tokens = np.array([len(row.target_ids) for row in rows])
    lowest = rng.gamma(2.0, 1.0, 150) * tokens
    last = lowest + rng.normal(0.1, 0.4, 150) * tokens
    rise, error = HeldOut.of(rows, 64, ()).rise(list(lowest), list(last))
    picked = rng.integers(0, 150, (4000, 150))
    resampled = (last - lowest)[picked].sum(1) / tokens[picked].sum(1)
    assert rise == pytest.approx((last - lowest).sum() / tokens.sum())
    assert error == pytest.approx(resampled.std(), rel=0.08)
