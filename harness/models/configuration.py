"""What a config.json says of its model, held against what there can be: Transformers takes it at its word.

Layers of which there are a million are all made before the weights are looked for; a text where a number stands ends
in whatever line first counts with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from harness.errors import BadModelError

LARGEST = {
    "vocab_size": 1 << 24,
    "hidden_size": 1 << 20,
    "intermediate_size": 1 << 24,
    "num_hidden_layers": 4096,
    "num_attention_heads": 1 << 16,
    "num_key_value_heads": 1 << 16,
    "head_dim": 1 << 16,
    "max_position_embeddings": 1 << 40,
    "sliding_window": 1 << 40,
    "n_positions": 1 << 40,
    "n_layer": 4096,
    "n_embd": 1 << 20,
    "n_head": 1 << 16,
    "num_local_experts": 1 << 14,
    "num_experts": 1 << 14,
}
"""Counts of a configuration, and far more than any model has of each."""
_MAY_BE_NONE = frozenset({"sliding_window", "num_local_experts", "num_experts"})
"""Counts that say 0 for none."""
_PER_LAYER = frozenset(
    ("intermediate_size", "num_attention_heads", "num_key_value_heads", "sliding_window")
)
"""Counts that may be a list, one for each layer."""
_EPSILONS = (
    "rms_norm_eps",
    "layer_norm_eps",
    "layer_norm_epsilon",
    "layernorm_epsilon",
    "norm_eps",
)
_WHOLE = "Check that config.json is the model's own, and whole."


def check_configuration(config: Mapping[str, Any], where: str) -> None:
    """Raises BadModelError where a configuration, or its text part, says what no model can be."""
    kind = config.get("model_type")
    if kind is not None and not isinstance(kind, str):
        raise BadModelError(f"{where}: `model_type` is {_shown(kind)}, and no name.", _WHOLE)
    inner = config.get("text_config")
    if inner is not None and not isinstance(inner, Mapping):
        raise BadModelError(f"{where}: `text_config` is {_shown(inner)}, and no mapping.", _WHOLE)
    for part in (config, inner or {}):
        for key, most in LARGEST.items():
            value = part.get(key)
            several = key in _PER_LAYER and isinstance(value, list)
            for one in value if several and value is not None else (value,):
                _check_count(key, one, most, where)
        for key in _EPSILONS:
            value = part.get(key)
            if value is not None and not (_is_number(value) and 0 <= value < 1):
                raise BadModelError(
                    f"{where}: `{key}` is {_shown(value)}, and a norm's epsilon is small and not negative.",
                    _WHOLE,
                )
        for key in ("rope_scaling", "rope_parameters"):
            value = part.get(key)
            if value is not None and not isinstance(value, Mapping):
                raise BadModelError(f"{where}: `{key}` is {_shown(value)}, and no mapping.", _WHOLE)


def check_layers(config: Mapping[str, Any], tensors: int, where: str) -> None:
    """Raises BadModelError where a configuration has more layers than its weights have tensors."""
    layers = (config.get("text_config") or config).get("num_hidden_layers") or 0
    if isinstance(layers, int) and tensors and layers > tensors:
        raise BadModelError(
            f"{where}: `num_hidden_layers` is {layers:,}, and the weights beside it are {tensors:,} tensors.",
            _WHOLE,
        )


def _check_count(key: str, value: object, most: int, where: str) -> None:
    least = 0 if key in _MAY_BE_NONE else 1
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise BadModelError(
            f"{where}: `{key}` is {_shown(value)}, and it can be {least} to {most:,}.", _WHOLE
        )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: object) -> str:
    if isinstance(value, int) and value.bit_length() > 200:
        return f"a number of {value.bit_length()} bits"
    return f"{value!r:.60}"
