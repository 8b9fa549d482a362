"""Which type llama.cpp gives each tensor: "Q4_K_M" names a mixture, and small shapes change it.

After `llama_tensor_get_type_impl` and `tensor_type_fallback` of llama.cpp's `src/llama-quant.cpp`
(ggml-org/llama.cpp, 007dbbf), for dense models without an importance matrix, which is how this
project quantizes. Tests hold every tensor of files made here against it.
"""

from __future__ import annotations

from harness.engines.gguf_file import TENSOR_TYPES
from harness.errors import InputError
from harness.estimate.shape import Shape, Weight

BLOCKS = {name: (weights, size) for name, weights, size in TENSOR_TYPES.values()}
"""Of each tensor type: weights of a block, bytes of a block."""
PLAIN = ("F32", "F16", "BF16")
_BASE = {
    "Q2_K": "Q2_K",
    "Q3_K_S": "Q3_K",
    "Q3_K_M": "Q3_K",
    "Q3_K_L": "Q3_K",
    "Q4_0": "Q4_0",
    "Q4_1": "Q4_1",
    "Q4_K_S": "Q4_K",
    "Q4_K_M": "Q4_K",
    "Q5_0": "Q5_0",
    "Q5_1": "Q5_1",
    "Q5_K_S": "Q5_K",
    "Q5_K_M": "Q5_K",
    "Q6_K": "Q6_K",
    "Q8_0": "Q8_0",
    "IQ3_S": "IQ3_S",
    "IQ3_M": "IQ3_S",
    "IQ4_XS": "IQ4_XS",
    "IQ4_NL": "IQ4_NL",
}
_ALIASES = {"Q3_K": "Q3_K_M", "Q4_K": "Q4_K_M", "Q5_K": "Q5_K_M"}
QUANTIZATIONS = (*PLAIN, *_BASE)
"""Names that a GGUF's type can have here."""
_FALLBACK = {
    "IQ3_S": "IQ4_NL",
    "IQ4_XS": "IQ4_NL",
    "Q2_K": "Q4_0",
    "Q3_K": "Q4_0",
    "Q4_K": "Q5_0",
    "Q5_K": "Q5_1",
    "Q6_K": "Q8_0",
}
"""For rows that are no multiple of a block of 256."""
_SHARING = 4
"""Query heads to a key head from which on values are worth more bits."""


def check_quantization(name: str) -> str:
    """The name in llama.cpp's spelling.

    Raises:
        InputError: there is no such type.
    """
    upper = _ALIASES.get(name.upper(), name.upper())
    if upper not in QUANTIZATIONS:
        raise InputError(f"There is no GGUF type {name}.", f"One of {', '.join(QUANTIZATIONS)}.")
    return upper


def tensor_type(shape: Shape, weight: Weight, layer: int, quantization: str) -> str:
    """The type of a tensor in a GGUF of that quantization.

    Args:
        weight: a weight of the shape.
        layer: which one it belongs to; any number for a weight outside the layers.
        quantization: one of `QUANTIZATIONS`. Vectors are always F32.
    """
    if weight.kind == "vector" or quantization == "F32":
        return "F32"
    if quantization in PLAIN:
        return quantization
    base = _BASE[quantization]
    if weight.kind == "head" or (weight.kind == "table" and shape.tied):
        return _fitting(_of_output(weight, base), weight)
    if weight.kind == "table":
        return _fitting(base, weight)
    rule = {
        "attn_v": _of_values,
        "attn_qkv": _of_values,
        "ffn_down": _of_down,
        "attn_output": _of_attention_output,
    }.get(weight.gguf)
    return _fitting(rule(shape, layer, quantization, base) if rule else base, weight)


def tensor_bytes(weight: Weight, kind: str) -> int:
    """Bytes of a tensor of that type."""
    block, size = BLOCKS[kind]
    return weight.count // block * size


def _fitting(kind: str, weight: Weight) -> str:
    """Another type where rows are no multiple of a block."""
    if weight.columns % BLOCKS[kind][0] == 0:
        return kind
    other = _FALLBACK.get(kind, "F16")
    return other if weight.columns % BLOCKS[other][0] == 0 else "F16"


def _of_output(weight: Weight, base: str) -> str:
    if weight.columns % BLOCKS[base][0]:
        return "Q8_0"
    return base if base == "Q8_0" else "Q6_K"


def _gets_more(layer: int, layers: int) -> bool:
    """The first and last eighth of the layers, and every third between."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def _of_values(shape: Shape, layer: int, quantization: str, base: str) -> str:
    shared = shape.heads // shape.key_heads >= _SHARING
    kind = {
        "Q2_K": "Q4_K" if shared else "Q3_K",
        "Q3_K_M": "Q5_K" if layer < 2 else "Q4_K",
        "Q3_K_L": "Q5_K",
        "Q4_K_S": "Q5_K" if layer < 4 else base,
        "Q4_K_M": "Q6_K" if _gets_more(layer, shape.layers) else base,
        "Q5_K_M": "Q6_K" if _gets_more(layer, shape.layers) else base,
        "IQ3_S": "Q4_K" if shared else base,
        "IQ3_M": "Q4_K",
        "IQ4_XS": "Q5_K" if shared else base,
        "IQ4_NL": "Q5_K" if shared else base,
    }.get(quantization, base)
    of_70b = shape.layers == 80 and shape.family in ("llama", "qwen2")
    return "Q5_K" if of_70b and kind in ("Q3_K", "Q4_K") else kind


def _of_down(shape: Shape, layer: int, quantization: str, base: str) -> str:
    first = layer < shape.layers // 8
    return {
        "Q2_K": "Q3_K",
        "Q3_K_M": "Q5_K" if layer < shape.layers // 16 else "Q4_K",
        "Q3_K_L": "Q5_K",
        "Q4_K_S": "Q5_K" if first else base,
        "Q4_K_M": "Q6_K" if _gets_more(layer, shape.layers) else base,
        "Q5_K_M": "Q6_K" if _gets_more(layer, shape.layers) else base,
        "IQ3_M": "Q4_K" if first else base,
        "IQ4_XS": "Q5_K" if first else base,
        "IQ4_NL": "Q5_K" if first else base,
    }.get(quantization, base)


def _of_attention_output(shape: Shape, layer: int, quantization: str, base: str) -> str:
    return {"Q2_K": "Q3_K", "Q3_K_M": "Q4_K", "Q3_K_L": "Q5_K", "IQ3_M": "Q4_K"}.get(
        quantization, base
    )
