"""A config.json, and an adapter's, that say what cannot be are refused before anything is made by them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.errors import BadModelError
from harness.estimate.shape import read_shape
from harness.models.adapters import check_adapter
from harness.models.configuration import check_configuration, check_layers

GOOD: dict[str, Any] = {
    "model_type": "llama",
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "rms_norm_eps": 1e-5,
    "sliding_window": 0,
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_hidden_layers", 1 << 31),
        ("num_hidden_layers", -1),
        ("num_hidden_layers", "2"),
        ("num_hidden_layers", True),
        ("num_hidden_layers", [2, {}]),
        ("hidden_size", 1e300),
        ("hidden_size", 10**400),
        ("hidden_size", {}),
        ("vocab_size", 1 << 40),
        ("num_attention_heads", 0),
        ("rms_norm_eps", -1.0),
        ("rms_norm_eps", float("inf")),
        ("rms_norm_eps", "1e-5"),
        ("text_config", "llama"),
        ("rope_scaling", 7),
        ("model_type", ["llama"]),
    ],
)
def test_what_no_model_can_be_is_refused_by_its_key(key: str, value: object) -> None:
    with pytest.raises(BadModelError, match=rf"^here: `{key}` is ") as caught:
        check_configuration({**GOOD, key: value}, "here")
    assert caught.value.hint and len(caught.value.message) < 200
    with pytest.raises(BadModelError, match=f"`{key}` is "):
        read_shape({**GOOD, key: value})


def test_what_models_are_passes() -> None:
    check_configuration({**GOOD, "text_config": {"num_hidden_layers": 2}, "rope_scaling": None}, "")
    check_configuration(
        {**GOOD, "num_key_value_heads": [3, 3], "max_position_embeddings": 10**7}, ""
    )
    assert read_shape(GOOD).layers == 2


def test_layers_are_not_more_than_the_tensors() -> None:
    check_layers(GOOD, 20, "here")
    check_layers(GOOD, 0, "here")  # pickles, whose tensors nobody counts here
    with pytest.raises(
        BadModelError, match=r"`num_hidden_layers` is 4,000, and the weights .* 20 tensors"
    ):
        check_layers({**GOOD, "num_hidden_layers": 4000}, 20, "here")


@pytest.mark.parametrize(
    "changed",
    [
        {"r": 1 << 30},
        {"r": 0},
        {"r": "16"},
        {"r": True},
        {"rank_pattern": {"q_proj": 10**9}},
        {"rank_pattern": [1]},
        {"lora_alpha": "16"},
        {"lora_alpha": 10**300},
        {"alpha_pattern": {"q_proj": float("inf")}},
    ],
)
def test_an_adapter_is_not_larger_than_its_weights(changed: dict[str, Any], tmp_path: Path) -> None:
    config = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "task_type": "CAUSAL_LM"}
    tensors = {"lora_A.weight": {"dtype": "F32", "shape": [8, 64], "data_offsets": [0, 2048]}}
    header = json.dumps(tensors).encode()
    content = len(header).to_bytes(8, "little") + header + bytes(2048)
    (tmp_path / "adapter_model.safetensors").write_bytes(content)
    file = tmp_path / "adapter_config.json"
    file.write_text(json.dumps(config))
    check_adapter(tmp_path)
    file.write_text(json.dumps({**config, **changed}))
    with pytest.raises(BadModelError, match=r"The adapter in .* (rank|alpha|mapping)") as caught:
        check_adapter(tmp_path)
    assert caught.value.hint
