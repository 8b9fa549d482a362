"""LoRA and QLoRA training of a tiny model."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.errors import BadModelError, InputError
from harness.models.finetune import record as record_module
from harness.models.finetune import trainable
from harness.models.finetune.base_model import load_base, through_nf4
from harness.models.finetune.batches import answer_losses, make_batch
from harness.models.finetune.examples import read_examples
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.run import TrainingProgress, finetune
from harness.records import Training
from tests.engines.models import CONTEXT, VOCABULARY

QUICK = Recipe(epochs=2.0, batch_tokens=96, learning_rate=2e-3, rank=4)


def tune(base: Path, examples: Path, out: Path, **changes: Any) -> Training:
    settings = {name: getattr(QUICK, name) for name in QUICK.__dataclass_fields__}
    recipe = Recipe(**{**settings, **changes})
    return finetune(base, examples, recipe, out, lambda *_: None, threads=1)


def test_the_loss_falls_and_the_record_adds_up(tiny: Path, examples: Path, tmp_path: Path) -> None:
    calls: list[TrainingProgress] = []
    recipe = Recipe(epochs=4.0, batch_tokens=96, learning_rate=5e-3, rank=4)
    record = finetune(tiny, examples, recipe, tmp_path / "a", calls.append, threads=1)
    rows = [json.loads(line) for line in examples.read_text().splitlines()]
    tokens = sum(len(row["prompt_ids"]) + len(row["target_ids"]) for row in rows)
    assert record.final_loss < record.first_loss - 0.5
    assert record.tokens == 4 * tokens and record.answer_tokens == 4 * 3 * len(rows)
    assert [at.point for at in calls] == record.curve
    assert (calls[-1].point.tokens, calls[-1].total_tokens) == (record.tokens, record.tokens)
    assert calls[-1].examples == 4 * len(rows) and len(calls) == record.steps
    assert calls[0].loss == record.curve[0].loss
    assert calls[-1].loss == pytest.approx(sum(p.loss for p in record.curve[-10:]) / 10)
    assert record.curve[-1].epoch == pytest.approx(4.0)
    assert record.curve[-1].tokens == record.tokens
    model = load_base(tiny)
    assert record.total_parameters == sum(p.numel() for p in model.parameters())
    shapes = [
        module.weight.shape
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and name != "lm_head"
    ]
    assert record.trainable_parameters == sum(4 * (rows + columns) for rows, columns in shapes)


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_the_same_seed_gives_the_same_bytes(
    tiny: Path, examples: Path, tmp_path: Path, method: str
) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        tune(tiny, examples, tmp_path / name, method=method, seed=seed, epochs=1.0, dropout=0.1)
    saved = [(tmp_path / name / "adapter_model.safetensors").read_bytes() for name in "abc"]
    configs = [(tmp_path / name / "adapter_config.json").read_bytes() for name in "abc"]
    assert saved[0] == saved[1] != saved[2]
    assert configs[0] == configs[1]


def test_the_adapter_folder_is_plain_and_tells_no_path(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    tune(tiny, examples, tmp_path / "a", epochs=0.1)
    names = {file.name for file in (tmp_path / "a").iterdir()}
    assert names == {"adapter_config.json", "adapter_model.safetensors"}
    config = (tmp_path / "a" / "adapter_config.json").read_text()
    assert str(tiny.parent) not in config and json.loads(config)["r"] == 4


def test_the_loss_is_that_of_the_answer_tokens(tiny: Path, examples: Path) -> None:
    model = load_base(tiny)
    rows = read_examples(examples, VOCABULARY, CONTEXT)[:7]
    with torch.no_grad():
        loss = answer_losses(model, make_batch(rows, torch.device("cpu"))).mean()
        losses = []
        for row in rows:
            ids = torch.tensor([row.prompt_ids + row.target_ids])
            logprobs = model(input_ids=ids).logits[0].log_softmax(-1)
            first = len(row.prompt_ids) - 1
            losses += [-logprobs[first + n, token] for n, token in enumerate(row.target_ids)]
    assert loss.item() == pytest.approx(torch.stack(losses).mean().item(), abs=1e-5)


def test_qlora_trains_alike_on_packed_and_on_unpacked_weights(
    tiny: Path, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"method": "qlora", "dtype": "float32", "epochs": 1.0}
    unpacked = tune(tiny, examples, tmp_path / "unpacked", **settings)
    monkeypatch.setattr(trainable, "UNPACKED_LIMIT_BYTES", 0)
    packed = tune(tiny, examples, tmp_path / "packed", **settings)
    assert packed.total_parameters == unpacked.total_parameters
    assert [p.loss for p in packed.curve] == pytest.approx(
        [p.loss for p in unpacked.curve], abs=1e-3
    )
    full = tune(tiny, examples, tmp_path / "full", **{**settings, "method": "lora"})
    assert abs(full.curve[0].loss - unpacked.curve[0].loss) > 1e-3


def test_nf4_keeps_each_block_within_its_coarsest_step() -> None:
    weight = torch.randn(64, 256, generator=torch.Generator().manual_seed(0))
    blocks, restored = weight.view(-1, 64), through_nf4(weight).view(-1, 64)
    largest = blocks.abs().amax(1, keepdim=True)
    # The widest gap between NF4 values is 0.304 (between -1 and -0.696); double quantization
    # of the scale adds a few percent.
    assert bool(((blocks - restored).abs() <= 0.20 * largest).all())
    assert all(len(block.unique()) <= 16 for block in restored)


def test_gradient_checkpointing_changes_nothing_but_memory(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    plain = tune(tiny, examples, tmp_path / "a", dtype="float32", epochs=0.5)
    saved = tune(
        tiny, examples, tmp_path / "b", dtype="float32", epochs=0.5, gradient_checkpointing=True
    )
    assert [p.loss for p in saved.curve] == pytest.approx([p.loss for p in plain.curve], abs=1e-4)


def test_bfloat16_trains_like_float32(tiny: Path, examples: Path, tmp_path: Path) -> None:
    records = [
        tune(tiny, examples, tmp_path / dtype, dtype=dtype) for dtype in ("float32", "bfloat16")
    ]
    assert records[0].final_loss == pytest.approx(records[1].final_loss, abs=0.1)


def test_a_diverging_training_says_so(tiny: Path, examples: Path, tmp_path: Path) -> None:
    with pytest.raises(BadModelError, match="diverged") as caught:
        tune(tiny, examples, tmp_path / "a", learning_rate=1e20, epochs=3.0)
    assert "learning rate" in caught.value.hint


def test_a_training_that_diverges_in_its_last_step_makes_no_adapter(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadModelError, match=r"diverged: after its last step weights hold"):
        tune(tiny, examples, tmp_path / "a", learning_rate=1e39, epochs=1.0, batch_tokens=10_000)
    assert not (tmp_path / "a").exists()


def test_a_broken_base_is_told_from_a_diverging_training(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    base = Path(shutil.copytree(tiny, tmp_path / "base"))
    tensors = load_file(base / "model.safetensors")
    tensors["model.norm.weight"] = torch.full_like(tensors["model.norm.weight"], math.nan)
    save_file(tensors, base / "model.safetensors", {"format": "pt"})
    with pytest.raises(BadModelError, match="before any training"):
        tune(base, examples, tmp_path / "a")


def test_unknown_target_modules_are_named(tiny: Path, examples: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no_such"):
        tune(tiny, examples, tmp_path / "a", target_modules=("no_such",))


def test_a_long_curve_is_thinned_evenly(
    tiny: Path, examples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_module, "CURVE_POINTS", 5)
    record = tune(tiny, examples, tmp_path / "a")
    assert len(record.curve) == 5
    assert (record.curve[0].step, record.curve[-1].step) == (1, record.steps)
