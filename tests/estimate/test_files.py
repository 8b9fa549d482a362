"""Files: estimates against files that are here, and against what PEFT makes."""

from __future__ import annotations

import json

import pytest

from harness.errors import InputError
from harness.estimate.files import adapter_parameters, checkpoint_bytes, precisions
from harness.estimate.shape import read_shape
from harness.starter import MODEL_FOLDER

STARTER = json.loads((MODEL_FOLDER / "config.json").read_text())


def test_a_checkpoint_is_as_large_as_the_starters() -> None:
    size = sum(file.stat().st_size for file in MODEL_FOLDER.iterdir())
    assert checkpoint_bytes(read_shape(STARTER)) == pytest.approx(size, rel=0.02)


def test_eight_billion_weights_take_32_16_8_and_4_gigabytes() -> None:
    assert {bits: size / 1e9 for bits, size in precisions(8 * 10**9).items()} == {
        32: 32,
        16: 16,
        8: 8,
        4: 4,
    }


def test_an_adapter_has_as_many_weights_as_peft_makes() -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(str(MODEL_FOLDER)))
    for targets in ("all-linear", ["q_proj", "v_proj"]):
        tuned = get_peft_model(
            model, LoraConfig(r=4, target_modules=targets, task_type="CAUSAL_LM")
        )
        made = sum(p.numel() for p in tuned.parameters() if p.requires_grad)
        assert adapter_parameters(read_shape(STARTER), 4, targets) == made
        model = tuned.unload()


def test_targets_that_no_layer_has_are_refused_by_name() -> None:
    with pytest.raises(InputError, match="No layer of a llama is called qkv_proj"):
        adapter_parameters(read_shape(STARTER), 4, ["qkv_proj"])
