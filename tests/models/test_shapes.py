"""Shapes of well-known models: what Transformers builds of them against published parameter counts."""

from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from harness.models.shapes import SHAPES, configuration

PUBLISHED = {
    "llama-160m": 162_417_408,
    "llama-2-7b": 6_738_415_616,
    "llama-2-13b": 13_015_864_320,
    "llama-3-8b": 8_030_261_248,
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.1-70b": 70_553_706_496,
    "llama-3.2-1b": 1_235_814_400,
    "llama-3.2-3b": 3_212_749_824,
    "smollm2-135m": 134_515_008,
    "smollm2-360m": 361_821_120,
    "smollm2-1.7b": 1_711_376_384,
    "mistral-7b": 7_248_023_552,
    "qwen2.5-0.5b": 494_032_768,
    "qwen2.5-1.5b": 1_543_714_304,
    "qwen2.5-3b": 3_085_938_688,
    "qwen2.5-7b": 7_615_616_512,
    "qwen3-0.6b": 596_049_920,
    "qwen3-1.7b": 1_720_574_976,
    "qwen3-4b": 4_022_468_096,
    "qwen3-8b": 8_190_735_360,
    "phi-3.5-mini": 3_821_079_552,
    "gemma-2-2b": 2_614_341_888,
    "gemma-3-1b": 999_885_952,
}
"""As the models' pages on the Hub state them, from their safetensors headers."""


@pytest.mark.parametrize("name", SHAPES)
def test_transformers_builds_as_many_parameters(name: str) -> None:
    given = {key: value for key, value in SHAPES[name].items() if key != "model_type"}
    markers = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    config = AutoConfig.for_model(SHAPES[name]["model_type"], **given, **markers)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    assert sum(weight.numel() for weight in model.parameters()) == PUBLISHED[name]


def test_what_goes_with_a_heads_width_changes_with_it() -> None:
    narrow = {"hidden_size": 256, "num_attention_heads": 4}
    gemma = configuration("gemma-3-1b", narrow)
    assert (gemma["head_dim"], gemma["query_pre_attn_scalar"]) == (64, 64)
    phi = configuration("phi-3.5-mini", narrow)["rope_parameters"]
    assert len(phi["short_factor"]) == len(phi["long_factor"]) == 32
    given = {**narrow, "head_dim": 32, "query_pre_attn_scalar": 7}
    assert configuration("gemma-3-1b", given)["query_pre_attn_scalar"] == 7
    assert configuration("gemma-3-1b", {}) == SHAPES["gemma-3-1b"]
