"""Each method, and each way to begin: what comes out is a plain adapter, which plain PEFT reads alike."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors import safe_open

from harness.engines.hf.adapter import apply_adapter
from harness.errors import InputError
from harness.finetuning import INITIALIZATIONS, METHODS
from harness.models.finetune.base_model import load_base, load_quantized_base, replace_by_nf4_values
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.run import finetune
from harness.models.merge.merge import merge
from tests.models.finetune.test_heldout import held_out

CPU = torch.device("cpu")
RECIPE = Recipe(
    epochs=3.0, batch_tokens=96, learning_rate=5e-3, rank=4, validation=6, dtype="float32"
)
WAYS: list[dict[str, Any]] = [
    *({"method": name} for name, row in METHODS.items() if row.makes == "adapter"),
    *({"initialization": name} for name in INITIALIZATIONS),
    {"method": "dora", "initialization": "gaussian"},
    {"modules_to_save": ("lm_head",)},
    {"modules_to_save": ("embed_tokens", "lm_head"), "target_modules": ("q_proj", "v_proj")},
    {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"v_proj": 3.0}},
    {"target_modules": ("down_proj",), "alpha": 16.0},
]


def base_of(tiny: Path, method: str) -> Any:
    if method == "lora-8bit":
        return load_quantized_base(tiny, "int8", CPU, torch.float32)
    model = load_base(tiny)
    if method == "qlora":
        replace_by_nf4_values(model)
    return model


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way.values())))
def test_plain_peft_reads_what_was_trained(
    tiny: Path, examples: Path, tmp_path: Path, way: dict[str, Any]
) -> None:
    recipe = replace(RECIPE, **way)
    record = finetune(tiny, examples, recipe, tmp_path / "a", lambda _: None, threads=1)
    assert record.validation is not None
    losses = {point.step: point.loss for point in record.validation.points}
    assert min(losses.values()) < losses[0] - 0.05
    asked = held_out(tiny, examples, recipe)
    plain = PeftModel.from_pretrained(base_of(tiny, recipe.method), tmp_path / "a")
    found = asked.mean(asked.losses(plain, CPU, torch.float32))
    assert found == pytest.approx(losses[record.validation.kept], abs=2e-5)
    ours = apply_adapter(base_of(tiny, recipe.method), tmp_path / "a", CPU)
    assert asked.mean(asked.losses(ours, CPU, torch.float32)) == pytest.approx(found, abs=1e-6)
    if recipe.method == "lora-8bit":
        return
    merge(
        tiny, tmp_path / "a", tmp_path / "m", "dequantized" if recipe.method == "qlora" else "full"
    )
    merged = asked.mean(asked.losses(load_base(tmp_path / "m"), CPU, torch.float32))
    assert merged == pytest.approx(found, abs=5e-3)


def test_what_each_setting_trains_is_in_the_adapter(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    recipe = replace(
        RECIPE, epochs=0.2, rank_pattern={"q_proj": 2}, modules_to_save=("lm_head",), validation=0
    )
    record = finetune(tiny, examples, recipe, tmp_path / "a", lambda _: None, threads=1)
    with safe_open(tmp_path / "a" / "adapter_model.safetensors", "pt") as file:
        shapes = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118
    assert {shape[0] for name, shape in shapes.items() if "q_proj.lora_A" in name} == {2}
    assert {shape[0] for name, shape in shapes.items() if "k_proj.lora_A" in name} == {4}
    assert any("lm_head" in name and "lora" not in name for name in shapes)
    assert record.hyperparameters["rank_pattern"] == {"q_proj": 2}
    assert record.trainable_parameters == sum(
        torch.Size(shape).numel() for shape in shapes.values()
    )


def test_an_adapter_that_began_in_the_base_is_a_lora_of_twice_the_rank(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    recipe = replace(RECIPE, initialization="pissa", epochs=0.2)
    finetune(tiny, examples, recipe, tmp_path / "a", lambda _: None, threads=1)
    config = json.loads((tmp_path / "a" / "adapter_config.json").read_text())
    assert (config["r"], config["init_lora_weights"]) == (8, True)
    assert str(tmp_path) not in json.dumps(config)


@pytest.mark.parametrize("setting", ["modules_to_save", "rank_pattern", "alpha_pattern"])
def test_a_layer_that_is_not_there_is_named(
    tiny: Path, examples: Path, tmp_path: Path, setting: str
) -> None:
    value: Any = ("no_such",) if setting == "modules_to_save" else {"no_such": 3}
    with pytest.raises(InputError, match=f"{setting} names `no_such`") as caught:
        finetune(
            tiny, examples, replace(RECIPE, **{setting: value}), tmp_path / "a", lambda _: None
        )
    assert "q_proj" in caught.value.hint


def test_a_lora_of_full_rank_learns_what_full_fine_tuning_learns(
    tiny: Path, examples: Path, tmp_path: Path
) -> None:
    """Both learn the training examples by heart; a LoRA of rank 1 does not."""
    settings: dict[str, Any] = {"epochs": 40.0, "validation": 0, "schedule": "constant"}
    ways: dict[str, dict[str, Any]] = {
        "full": {"method": "full"},
        "lora": {"rank": 256, "alpha": 256.0},
        "one": {"rank": 1, "target_modules": ("q_proj",)},
    }
    full, lora, one = (
        finetune(
            tiny, examples,
            replace(RECIPE, **settings, **changes, batch_tokens=512, learning_rate=3e-3),
            tmp_path / name, lambda _: None, threads=1,
        )
        for name, changes in ways.items()
    )  # fmt: skip
    assert full.final_loss < 0.1 and lora.final_loss < 0.1 and one.final_loss > 1.0
