"""Bytes on disk: weights in a precision, adapters, GGUF files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from harness.errors import InputError
from harness.estimate.mixtures import tensor_bytes, tensor_type
from harness.estimate.shape import ModelShape, Weight

ITEM_BYTES: Mapping[str, int] = {"float32": 4, "float16": 2, "bfloat16": 2}
"""Of a value of each dtype."""
GGUF_BYTES_PER_ID = {"sentencepiece": 23, "bpe": 40}
"""Vocabulary of a GGUF: a token, its score or its merge, its type (the starter: 22, llama-160m's
shape with the starter's tokenizer: 23, Qwen 2.5: 39)."""
SENTENCEPIECE_IDS = 32_768
"""Most ids of Llama's, Mistral's and Phi's SentencePiece vocabularies; larger ones are BPE."""
TOKENIZER_BYTES_PER_ID = 85
"""tokenizer.json and its like (the starter: 100, Qwen 2.5: 75, Llama 3: 71)."""
HEADER_BYTES_PER_TENSOR = 110
"""A tensor's entry in the header of a safetensors file."""
GGUF_HEADER_BYTES_PER_TENSOR = 60 + 32 // 2
"""The same of a GGUF, and half of what aligns it."""


def precisions(parameters: int) -> dict[int, float]:
    """Bytes of that many weights at 32, 16, 8 and 4 bits each: 8B are 32, 16, 8 and 4 GB."""
    return {bits: parameters * bits / 8 for bits in (32, 16, 8, 4)}


def checkpoint_bytes(shape: ModelShape, dtype: str = "bfloat16") -> int:
    """A Transformers folder: weights in safetensors, tokenizer, configuration."""
    rest = HEADER_BYTES_PER_TENSOR * shape.tensors + TOKENIZER_BYTES_PER_ID * shape.vocabulary
    return shape.parameters * ITEM_BYTES[dtype] + rest


def adapted(shape: ModelShape, targets: str | Sequence[str] = "all-linear") -> tuple[Weight, ...]:
    """The matrices of a layer that get an adapter, as PEFT chooses them.

    Raises:
        InputError: the targets name no layer of this architecture.
    """
    if targets == "all-linear":
        return shape.linears
    names = {targets} if isinstance(targets, str) else set(targets)
    ends = {name.rsplit(".", 1)[-1] for name in names}
    found = tuple(weight for weight in shape.linears if weight.name in ends)
    if not found:
        known = ", ".join(weight.name for weight in shape.linears)
        raise InputError(
            f"No layer of a {shape.family} is called {', '.join(sorted(ends))}.",
            f'Use "all-linear", or some of {known}.',
        )
    return found


def adapter_parameters(
    shape: ModelShape,
    rank: int,
    targets: str | Sequence[str] = "all-linear",
    ranks: Mapping[str, int] | None = None,
) -> int:
    """Weights of a LoRA (Hu et al. 2021, arXiv 2106.09685): rank × (inputs + outputs) a matrix.

    Args:
        ranks: of single layers, by the ends of their names, as PEFT finds them.
    """
    each = {weight.name: weight.rows + weight.columns for weight in adapted(shape, targets)}
    if not ranks:
        return shape.layers * rank * sum(each.values())
    return sum(
        size * _rank_of(f"layers.{layer}.{_part(name)}.{name}", rank, ranks)
        for layer in range(shape.layers)
        for name, size in each.items()
    )


def _part(name: str) -> str:
    return "self_attn" if name in ("q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj") else "mlp"


def _rank_of(layer: str, rank: int, ranks: Mapping[str, int]) -> int:
    """The first that the layer's name ends in."""
    fits = (value for end, value in ranks.items() if re.match(rf"(.*\.)?({end})$", layer))
    return next(fits, rank)


def adapter_bytes(shape: ModelShape, rank: int, targets: str | Sequence[str] = "all-linear") -> int:
    """An adapter's folder, in float32."""
    tensors = 2 * shape.layers * len(adapted(shape, targets))
    return 4 * adapter_parameters(shape, rank, targets) + HEADER_BYTES_PER_TENSOR * tensors


@cache
def gguf_weight_bytes(shape: ModelShape, quantization: str) -> int:
    """Bytes of the tensors of a GGUF, each in the type that the mixture gives it.

    Raises:
        InputError: there is no such quantization.
    """
    places = [(weight, 0) for weight in shape.outside]
    places += [(weight, layer) for layer in range(shape.layers) for weight in shape.layer]
    typed = ((weight, tensor_type(shape, weight, layer, quantization)) for weight, layer in places)
    total = sum(tensor_bytes(weight, kind) for weight, kind in typed)
    return total + shape.rope_tables * 2 * shape.head_size


def gguf_bytes(shape: ModelShape, quantization: str) -> int:
    """A GGUF file: tensors, vocabulary, header.

    Raises:
        InputError: there is no such quantization.
    """
    pieces = shape.vocabulary <= SENTENCEPIECE_IDS or shape.family.startswith("gemma")
    vocabulary = GGUF_BYTES_PER_ID["sentencepiece" if pieces else "bpe"] * shape.vocabulary
    header = vocabulary + GGUF_HEADER_BYTES_PER_TENSOR * shape.tensors
    return gguf_weight_bytes(shape, quantization) + header
