"""A GGUF's header, as the `config.json` that its model would have."""

from __future__ import annotations

from typing import Any

from harness.engines.gguf_file import GgufInfo

_FAMILIES = {"gemma3": "gemma3_text"}
"""Where llama.cpp names an architecture otherwise than Transformers; Mistral is a "llama" to it."""


def gguf_config(info: GgufInfo) -> dict[str, Any]:
    """What `harness.estimate.read_shape` reads; what the header does not say is left out."""
    kind, tensors = info.architecture, {tensor.name: tensor for tensor in info.tensors}

    def said(name: str) -> Any:
        return info.metadata.get(f"{kind}.{name}")

    table = tensors.get("token_embd.weight")
    found = {
        "model_type": _FAMILIES.get(kind, kind),
        "vocab_size": table.shape[-1] if table else None,
        "hidden_size": said("embedding_length"),
        "intermediate_size": said("feed_forward_length"),
        "num_hidden_layers": said("block_count"),
        "num_attention_heads": said("attention.head_count"),
        "num_key_value_heads": said("attention.head_count_kv"),
        "head_dim": said("attention.key_length"),
        "max_position_embeddings": said("context_length"),
        "tie_word_embeddings": "output.weight" not in tensors,
        "attention_bias": "blk.0.attn_output.bias" in tensors,
    }
    return {key: value for key, value in found.items() if value is not None}
