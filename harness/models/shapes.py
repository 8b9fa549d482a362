"""The shapes of well-known models, as their configurations state them: no download is needed.

For random models of true shape, and for saying what a model needs before it is there. Values are
those of each model's `config.json`; of Phi 3.5 the 96 factors that stretch its rotary angles are
left at 1, since they change no shape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Config = dict[str, Any]
SHARD_BYTES = 2_000_000_000
"""Bytes of random weights that are held in memory and written at a time (`random_weights`)."""


def _of(
    family: str, vocabulary: int, hidden: int, feed_forward: int, layers: int, heads: int, kv: int,
    **more: Any,
) -> Config:  # fmt: skip
    return {
        "model_type": family,
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "intermediate_size": feed_forward,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": kv,
        "head_dim": hidden // heads,
        "tie_word_embeddings": False,
        **more,
    }


def _llama_3(factor: float) -> Config:
    """Rotary angles of Llama 3.1 and 3.2, stretched from 8,192 to 131,072 positions."""
    return {
        "max_position_embeddings": 131_072,
        "rope_parameters": {
            "rope_type": "llama3",
            "rope_theta": 5e5,
            "factor": factor,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 8192,
        },
        "rms_norm_eps": 1e-5,
    }


def _turned(theta: float, positions: int, **more: Any) -> Config:
    return {
        "max_position_embeddings": positions,
        "rope_parameters": {"rope_type": "default", "rope_theta": theta},
        **more,
    }


_PHI = {
    "max_position_embeddings": 131_072,
    "original_max_position_embeddings": 4096,
    "sliding_window": 262_144,
    "rope_parameters": {
        "rope_type": "longrope",
        "rope_theta": 1e4,
        "short_factor": [1.0] * 48,
        "long_factor": [1.0] * 48,
    },
}
_TIED = {"tie_word_embeddings": True}

SHAPES: Mapping[str, Config] = {
    "llama-160m": _of("llama", 32_000, 768, 3072, 12, 12, 12, **_turned(1e4, 2048)),
    "llama-2-7b": _of("llama", 32_000, 4096, 11_008, 32, 32, 32, **_turned(1e4, 4096)),
    "llama-2-13b": _of("llama", 32_000, 5120, 13_824, 40, 40, 40, **_turned(1e4, 4096)),
    "llama-3-8b": _of("llama", 128_256, 4096, 14_336, 32, 32, 8, **_turned(5e5, 8192)),
    "llama-3.1-8b": _of("llama", 128_256, 4096, 14_336, 32, 32, 8, **_llama_3(8.0)),
    "llama-3.1-70b": _of("llama", 128_256, 8192, 28_672, 80, 64, 8, **_llama_3(8.0)),
    "llama-3.2-1b": _of("llama", 128_256, 2048, 8192, 16, 32, 8, **_llama_3(32.0), **_TIED),
    "llama-3.2-3b": _of("llama", 128_256, 3072, 8192, 28, 24, 8, **_llama_3(32.0), **_TIED),
    "smollm2-135m": _of("llama", 49_152, 576, 1536, 30, 9, 3, **_turned(1e5, 8192), **_TIED),
    "smollm2-360m": _of("llama", 49_152, 960, 2560, 32, 15, 5, **_turned(1e5, 8192), **_TIED),
    "smollm2-1.7b": _of("llama", 49_152, 2048, 8192, 24, 32, 32, **_turned(1.3e5, 8192), **_TIED),
    "mistral-7b": _of(
        "mistral", 32_768, 4096, 14_336, 32, 32, 8, **_turned(1e6, 32_768), sliding_window=None
    ),
    "qwen2.5-0.5b": _of("qwen2", 151_936, 896, 4864, 24, 14, 2, **_turned(1e6, 32_768), **_TIED),
    "qwen2.5-1.5b": _of("qwen2", 151_936, 1536, 8960, 28, 12, 2, **_turned(1e6, 32_768), **_TIED),
    "qwen2.5-3b": _of("qwen2", 151_936, 2048, 11_008, 36, 16, 2, **_turned(1e6, 32_768), **_TIED),
    "qwen2.5-7b": _of("qwen2", 152_064, 3584, 18_944, 28, 28, 4, **_turned(1e6, 32_768)),
    "qwen3-0.6b": _of(
        "qwen3", 151_936, 1024, 3072, 28, 16, 8, **_turned(1e6, 40_960), **_TIED
    ) | {"head_dim": 128},
    "qwen3-1.7b": _of(
        "qwen3", 151_936, 2048, 6144, 28, 16, 8, **_turned(1e6, 40_960), **_TIED
    ),
    "qwen3-4b": _of(
        "qwen3", 151_936, 2560, 9728, 36, 32, 8, **_turned(1e6, 40_960), **_TIED
    ) | {"head_dim": 128},
    "qwen3-8b": _of("qwen3", 151_936, 4096, 12_288, 36, 32, 8, **_turned(1e6, 40_960)),
    "phi-3.5-mini": _of("phi3", 32_064, 3072, 8192, 32, 32, 32, **_PHI),
    "gemma-2-2b": _of(
        "gemma2", 256_000, 2304, 9216, 26, 8, 4, **_turned(1e4, 8192), **_TIED,
        sliding_window=4096, attn_logit_softcapping=50.0, final_logit_softcapping=30.0,
        query_pre_attn_scalar=256,
    ) | {"head_dim": 256},
    "gemma-3-1b": _of(
        "gemma3_text", 262_144, 1152, 6912, 26, 4, 1, **_TIED, max_position_embeddings=32_768,
        sliding_window=512, query_pre_attn_scalar=256,
    ) | {"head_dim": 256},
}  # fmt: skip
"""Configurations by the names that a suite gives as `architecture`."""


def configuration(architecture: str, changed: Mapping[str, Any]) -> Config:
    """The configuration of a named shape, with some of its values changed.

    Args:
        architecture: a name of `SHAPES`.
        changed: keys of `config.json`. A new `hidden_size` or number of heads takes a new
            `head_dim` with it, and that the factors of its rotary angles and the scale of Gemma's
            attention, which llama.cpp takes for the same; unless these are given too.
    """
    known = SHAPES[architecture]
    config = {**known, **changed}
    if {"hidden_size", "num_attention_heads"} & changed.keys() and "head_dim" not in changed:
        config["head_dim"] = config["hidden_size"] // config["num_attention_heads"]
    head, scale = config["head_dim"], "query_pre_attn_scalar"
    if known.get(scale) == known["head_dim"] and scale not in changed:
        config[scale] = head
    if "short_factor" in known.get("rope_parameters", ()) and "rope_parameters" not in changed:
        factors = {key: [1.0] * (head // 2) for key in ("short_factor", "long_factor")}
        config["rope_parameters"] = {**known["rope_parameters"], **factors}
    return config
