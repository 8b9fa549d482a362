"""Which type llama.cpp gives each tensor: "Q4_K_M" names a mixture, and small shapes change it.

After `llama_tensor_get_type_impl` and `tensor_type_fallback` of llama.cpp's `src/llama-quant.cpp`
(ggml-org/llama.cpp, 007dbbf), for dense models without an importance matrix, which is how this
project quantizes. Tests hold every tensor of files made here against it.
"""

from __future__ import annotations

import re

from harness.engines.gguf_header import TENSOR_TYPES
from harness.errors import InputError
from harness.estimate.shape import ModelShape, Weight
from harness.models.gguf.quantize import QTYPES

BLOCKS = {name: (weights, size) for name, weights, size in TENSOR_TYPES.values()}
"""Of each tensor type: weights of a block, bytes of a block."""
PLAIN = ("F32", "F16", "BF16")
QUANTIZATIONS = (*PLAIN, *QTYPES)
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


def tensor_type(shape: ModelShape, weight: Weight, layer: int, quantization: str) -> str:
    """The type of a tensor in a GGUF of that quantization.

    Args:
        weight: a weight of the shape.
        layer: which one it belongs to; any number for a weight outside the layers.
        quantization: one of `QUANTIZATIONS`. Vectors are always F32.

    Raises:
        InputError: there is no such quantization.
    """
    if quantization not in QUANTIZATIONS:
        raise InputError(
            f"There is no GGUF type {quantization}.", f"One of {', '.join(QUANTIZATIONS)}."
        )
    if weight.kind == "vector":
        return "F32"
    if quantization in PLAIN:
        return quantization
    base = re.sub(r"_K_[SML]$", "_K", quantization).replace("IQ3_M", "IQ3_S")
    if weight.kind == "head" or (weight.kind == "table" and shape.tied):
        whole = weight.columns % BLOCKS[base][0] == 0
        return _fitting("Q6_K" if whole and base != "Q8_0" else "Q8_0", weight)
    return _fitting(_better(shape, weight, layer).get(quantization, base), weight)


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


def _better(shape: ModelShape, weight: Weight, layer: int) -> dict[str, str]:
    """By quantization, the type of a tensor that gets another one than most."""
    eighth = shape.layers // 8
    middle = eighth <= layer < 7 * shape.layers // 8 and (layer - eighth) % 3 != 2
    more = {} if middle else {"Q4_K_M": "Q6_K", "Q5_K_M": "Q6_K"}
    match weight.gguf:
        case "attn_v" | "attn_qkv":
            found = {
                "Q2_K": "Q3_K",
                "Q3_K_M": "Q5_K" if layer < 2 else "Q4_K",
                "Q3_K_L": "Q5_K",
                "IQ3_M": "Q4_K",
                **more,
            }
            if layer < 4:
                found["Q4_K_S"] = "Q5_K"
            if shape.heads // shape.key_heads >= _SHARING:
                found |= {"Q2_K": "Q4_K", "IQ3_S": "Q4_K", "IQ4_XS": "Q5_K", "IQ4_NL": "Q5_K"}
            if shape.layers == 80 and shape.family in ("llama", "qwen2"):
                given = {"Q3_K_S": "Q3_K", "Q4_K_S": "Q4_K", "Q4_K_M": "Q4_K", **found}
                found |= {name: "Q5_K" for name, kind in given.items() if kind in ("Q3_K", "Q4_K")}
            return found
        case "ffn_down":
            found = {
                "Q2_K": "Q3_K",
                "Q3_K_M": "Q5_K" if layer < shape.layers // 16 else "Q4_K",
                "Q3_K_L": "Q5_K",
                **more,
            }
            if layer < eighth:
                found |= {"Q4_K_S": "Q5_K", "IQ3_M": "Q4_K", "IQ4_XS": "Q5_K", "IQ4_NL": "Q5_K"}
            return found
        case "attn_output":
            return {"Q2_K": "Q3_K", "Q3_K_M": "Q4_K", "Q3_K_L": "Q5_K", "IQ3_M": "Q4_K"}
    return {}
