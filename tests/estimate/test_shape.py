"""Shapes: every weight counted, against the models' own counts and against Transformers."""

from __future__ import annotations

import json

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from harness.errors import InputError
from harness.estimate.shape import read_shape
from harness.models.shapes import SHAPES
from harness.starter import MODEL_FOLDER
from tests.models.test_shapes import PUBLISHED


@pytest.mark.parametrize("name", SHAPES)
def test_weights_add_up_to_the_models_parameters(name: str) -> None:
    assert read_shape(SHAPES[name]).parameters == PUBLISHED[name]


@pytest.mark.parametrize("name", ["phi-3.5-mini", "qwen2.5-0.5b", "qwen3-0.6b", "gemma-3-1b"])
def test_layers_have_transformers_matrices(name: str) -> None:
    given = {key: value for key, value in SHAPES[name].items() if key != "model_type"}
    markers = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    config = AutoConfig.for_model(SHAPES[name]["model_type"], **given, **markers)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    built = {
        (path.rsplit(".", 1)[-1], *module.weight.shape)
        for path, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and "lm_head" not in path
    }
    shape = read_shape(SHAPES[name])
    assert built == {(weight.name, weight.rows, weight.columns) for weight in shape.linears}


def test_what_a_configuration_leaves_out_is_the_architectures_default() -> None:
    config = {key: value for key, value in SHAPES["llama-2-7b"].items() if key != "head_dim"}
    del config["num_key_value_heads"], config["tie_word_embeddings"]
    assert read_shape(config) == read_shape(SHAPES["llama-2-7b"])


def test_the_text_part_of_a_model_with_images_is_read() -> None:
    text = SHAPES["gemma-3-1b"]
    assert read_shape({"model_type": "gemma3", "text_config": text}) == read_shape(text)


def test_an_unknown_architecture_and_a_missing_value_are_named() -> None:
    with pytest.raises(InputError, match="mamba"):
        read_shape({"model_type": "mamba"})
    config = json.loads((MODEL_FOLDER / "config.json").read_text())
    del config["hidden_size"]
    with pytest.raises(InputError, match="lacks hidden_size"):
        read_shape(config)
