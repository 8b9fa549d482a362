"""Bytes on disk: weights in a precision, adapters, GGUF files, and all that a suite makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.errors import InputError
from harness.estimate.mixtures import check_quantization, tensor_bytes, tensor_type
from harness.estimate.need import Need, Part
from harness.estimate.shape import Shape, Weight

BYTES_PER_WEIGHT: Mapping[str, float] = {
    "float32": 4.0,
    "float16": 2.0,
    "bfloat16": 2.0,
    "int8": 1.0,
    "nf4": 0.5,
}
"""Of each precision; the scales of quantized ones not counted."""
GGUF_BYTES_PER_ID = {"sentencepiece": 23, "bpe": 40}
"""Vocabulary of a GGUF: a token, its score or its merge, its type (the starter: 22, llama-160m's
shape with the starter's tokenizer: 23, Qwen 2.5: 39)."""
SENTENCEPIECE_IDS = 32_768
"""Most ids of Llama's, Mistral's and Phi's SentencePiece vocabularies; larger ones are BPE."""
TOKENIZER_BYTES_PER_ID = 85
"""tokenizer.json and its like (the starter: 100, Qwen 2.5: 75, Llama 3: 71)."""
HEADER_BYTES_PER_TENSOR = 110
"""A tensor's entry in the header of a safetensors file."""
ALIGNMENT = 32


@dataclass(frozen=True)
class Artifact:
    """Something that a suite makes of a model, and keeps."""

    kind: Literal["source", "adapter", "merged", "gguf"]
    precision: str = "bfloat16"
    """A dtype, or of a GGUF its type; an adapter is always float32, a merged model float16."""
    rank: int = 16
    targets: str | Sequence[str] = "all-linear"
    """Of an adapter: "all-linear", or ends of layer names."""


def checkpoint_bytes(shape: Shape, dtype: str = "bfloat16") -> int:
    """A Transformers folder: weights in safetensors, tokenizer, configuration.

    Raises:
        InputError: safetensors of plain weights have no such precision.
    """
    if dtype not in ("float32", "float16", "bfloat16"):
        raise InputError(
            f"A folder of weights cannot be {dtype}.", "One of float32, float16, bfloat16."
        )
    tensors = len(shape.outside) + shape.layers * len(shape.layer)
    weights = round(shape.parameters * BYTES_PER_WEIGHT[dtype])
    rest = HEADER_BYTES_PER_TENSOR * tensors + TOKENIZER_BYTES_PER_ID * shape.vocabulary
    return weights + rest


def adapted(shape: Shape, targets: str | Sequence[str] = "all-linear") -> tuple[Weight, ...]:
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


def adapter_parameters(shape: Shape, rank: int, targets: str | Sequence[str] = "all-linear") -> int:
    """Weights of a LoRA (Hu et al. 2021, arXiv 2106.09685): rank × (inputs + outputs) a matrix."""
    each = sum(weight.rows + weight.columns for weight in adapted(shape, targets))
    return shape.layers * rank * each


def adapter_bytes(shape: Shape, rank: int, targets: str | Sequence[str] = "all-linear") -> int:
    """An adapter's folder, in float32."""
    tensors = 2 * shape.layers * len(adapted(shape, targets))
    return 4 * adapter_parameters(shape, rank, targets) + HEADER_BYTES_PER_TENSOR * tensors


def gguf_weight_bytes(shape: Shape, quantization: str) -> int:
    """Bytes of the tensors of a GGUF, each in the type that the mixture gives it.

    Raises:
        InputError: there is no such quantization.
    """
    kind = check_quantization(quantization)
    total = sum(_size(shape, weight, 0, kind) for weight in shape.outside)
    for layer in range(shape.layers):
        total += sum(_size(shape, weight, layer, kind) for weight in shape.layer)
    return total + shape.rope_tables * 2 * shape.head_size


def _size(shape: Shape, weight: Weight, layer: int, quantization: str) -> int:
    return tensor_bytes(weight, tensor_type(shape, weight, layer, quantization))


def gguf_bytes(shape: Shape, quantization: str) -> int:
    """A GGUF file: tensors, vocabulary, header.

    Raises:
        InputError: there is no such quantization.
    """
    tensors = len(shape.outside) + shape.layers * len(shape.layer)
    pieces = shape.vocabulary <= SENTENCEPIECE_IDS or shape.family.startswith("gemma")
    vocabulary = GGUF_BYTES_PER_ID["sentencepiece" if pieces else "bpe"] * shape.vocabulary
    header = vocabulary + (60 + ALIGNMENT // 2) * tensors
    return gguf_weight_bytes(shape, quantization) + header


def bits_per_weight(shape: Shape, quantization: str) -> float:
    """Bits that a weight takes up on average over all tensors of a GGUF."""
    return 8 * gguf_weight_bytes(shape, quantization) / shape.parameters


def artifact_bytes(shape: Shape, artifact: Artifact) -> int:
    """Bytes that an artifact takes up.

    Raises:
        InputError: its precision or its targets do not exist.
    """
    match artifact.kind:
        case "source":
            return checkpoint_bytes(shape, artifact.precision)
        case "merged":
            return checkpoint_bytes(shape, "float16")
        case "adapter":
            return adapter_bytes(shape, artifact.rank, artifact.targets)
        case "gguf":
            return gguf_bytes(shape, artifact.precision)


@dataclass(frozen=True)
class Kept:
    """What a suite makes of one model; the artifact store keeps all of it."""

    shape: Shape
    artifacts: Mapping[str, Artifact] = field(default_factory=dict)
    """By the names that the suite or the plan gives them."""


def disk(kept: Sequence[Kept]) -> Need:
    """All that a suite needs on disk, artifact by artifact.

    Raises:
        InputError: a precision or a target does not exist.
    """
    return Need(
        tuple(
            Part(name, artifact_bytes(model.shape, artifact))
            for model in kept
            for name, artifact in model.artifacts.items()
        )
    )
