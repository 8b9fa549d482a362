"""Memory that fine-tuning takes: LoRA, QLoRA, and all weights, as this project's loop does it.

`harness.models.finetune.run` loads the base in float32, keeps the frozen matrices in the precision of
the products (QLoRA's of a large model in NF4) and all else in float32; adapters, their gradients and
AdamW's two moments are float32. Activations are what autograd keeps for the backward pass, counted
tensor by tensor for the layers that Transformers has; a test counts them with torch's own hooks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.errors import InputError
from harness.estimate.disk import adapted, adapter_bytes, adapter_parameters
from harness.estimate.inference import CUDA_CONTEXT, HF_LIBRARIES
from harness.estimate.memory import Memory
from harness.estimate.need import MIB, largest, need
from harness.estimate.precision import LINEAR_BYTES, Device, item_bytes
from harness.estimate.shape import Shape

UNPACKED_LIMIT_BYTES = 1 << 30
"""From which size on QLoRA keeps the base packed (`harness.models.finetune.run`)."""
ADAPTER_LIBRARIES = 35 * MIB
"""PEFT and bitsandbytes, which it imports."""
OPTIMIZER_BYTES = 8
"""AdamW's two moments of a trained weight, float32."""
HELD_LAYERS = 4
"""Temporary tensors of a layer's forward and backward pass, in what the layer keeps."""
ALLOCATOR: Mapping[tuple[str, Device], float] = {
    ("bfloat16", "cpu"): 1.6,
    ("float16", "cpu"): 1.6,
    ("float32", "cpu"): 1.75,
    ("bfloat16", "cuda"): 1.1,
    ("float16", "cuda"): 1.1,
    ("float32", "cuda"): 1.1,
}
"""What is resident, to what is in use, for blocks below 32 MiB. glibc's allocator (2.36) seldom uses
a freed block again for an aligned one of the same size (its bug 30723), and its heap grows over the
first steps to this multiple; measured. See docs/fit.md for what was tried against it."""
CHECKPOINTED: Mapping[Device, float] = {"cpu": 2.0, "cuda": 1.0}
"""By how much more the inputs of checkpointed layers count: each stands alone between blocks that its
layer has freed, which are not used again either. One constant for three models, measured; what is in use
is L + 1 inputs, as torch's hooks tell."""


@dataclass(frozen=True)
class Tuning:
    """What decides how much memory a fine-tuning takes.

    Attributes:
        method: "full" trains every weight in float32.
        dtype: of the matrix products.
        batch_tokens: of an optimizer step, padding included; or of the longest example, if that
            is longer.
        example_tokens: of the longest example.
        label_share: share of the tokens that are learned, and so get logits.
        stored: precision of the base's files.
    """

    method: Literal["lora", "qlora", "full"] = "lora"
    dtype: str = "bfloat16"
    rank: int = 16
    targets: str | Sequence[str] = "all-linear"
    batch_tokens: int = 2048
    example_tokens: int = 512
    label_share: float = 0.25
    gradient_checkpointing: bool = False
    stored: str = "bfloat16"

    @property
    def tokens(self) -> int:
        """Of a step."""
        return max(self.batch_tokens, self.example_tokens)


def tuning_memory(shape: Shape, tuning: Tuning, device: Device = "cpu") -> Memory:
    """At the peak of a fine-tuning.

    Raises:
        InputError: a dtype, method or target does not exist.
    """
    if tuning.method not in ("lora", "qlora", "full"):
        raise InputError(f"There is no method {tuning.method}.", "One of lora, qlora, full.")
    item = item_bytes(tuning.dtype)
    packed = is_packed(shape, tuning)
    libraries = HF_LIBRARIES + (ADAPTER_LIBRARIES if tuning.method != "full" else 0)
    file = shape.parameters * item_bytes(tuning.stored)
    rest = 4 * (shape.parameters - shape.linear_weights)
    linear = shape.linear_weights * (
        LINEAR_BYTES["nf4", device] if packed else 4 if tuning.method == "full" else item
    )
    # Packing on a CPU leaves the float32 weights' memory with the process until all are read.
    loading = need(libraries=libraries, weights=4 * shape.parameters, file_while_loading=file)
    learned = _trained(shape, tuning)
    # Gradients come while activations go: a step is at its largest before or after the two.
    kept = {"weights": linear + rest, **learned}
    forward = {**kept, **_working(shape, tuning, device)}
    backward = {**kept, "gradients": 4 * trained_parameters(shape, tuning)}
    if device == "cuda":
        on_device = largest(need(libraries=CUDA_CONTEXT, **one) for one in (forward, backward))
        return Memory(
            need(
                libraries=libraries + CUDA_CONTEXT,
                weights=0 if packed else 4 * shape.parameters,
                file_while_loading=file,
            ),
            on_device,
        )
    steps = (need(libraries=libraries, **one) for one in (forward, backward))
    return Memory(largest((loading, *steps)))


def is_packed(shape: Shape, tuning: Tuning) -> bool:
    """Whether QLoRA keeps the base in NF4, rather than the weights that NF4 stands for."""
    size = shape.linear_weights * item_bytes(tuning.dtype)
    return tuning.method == "qlora" and size > UNPACKED_LIMIT_BYTES


def trained_parameters(shape: Shape, tuning: Tuning) -> int:
    """Weights that are learned."""
    if tuning.method == "full":
        return shape.parameters
    return adapter_parameters(shape, tuning.rank, tuning.targets)


def _trained(shape: Shape, tuning: Tuning) -> dict[str, float]:
    count = trained_parameters(shape, tuning)
    return {
        "adapter": 0 if tuning.method == "full" else 4 * count,
        "optimizer": OPTIMIZER_BYTES * count,
    }


def _working(shape: Shape, tuning: Tuning, device: Device) -> dict[str, float]:
    """Activations, logits, and weights that are cast for a product."""
    layer = kept_by_layer(shape, tuning)
    stream = 4 * shape.hidden
    kept: float = shape.layers * layer
    if tuning.gradient_checkpointing:
        kept = CHECKPOINTED[device] * (shape.layers + 1) * stream
    tokens = tuning.tokens
    factor = ALLOCATOR[tuning.dtype, device]
    item = item_bytes(tuning.dtype)
    cast = 0
    if item < 4:
        cast = item * shape.vocabulary * shape.hidden
        cast += item * shape.linear_weights if tuning.method == "full" else 0
    return {
        "activations": factor * tokens * (kept + HELD_LAYERS * layer),
        "logits": factor
        * tuning.label_share
        * tokens
        * shape.vocabulary
        * (8 + 2 * item + 4 * (item == 4)),
        "cast weights": cast,
    }


def kept_by_layer(shape: Shape, tuning: Tuning) -> int:
    """Bytes that a layer keeps of each token for its backward pass.

    Counted for a residual stream in float32, as embeddings in float32 make it. Under autocast every
    product keeps its input in the products' precision, and each layer that gets an adapter casts
    its own; without, neighbours share one. A norm keeps its input, and the normed input where its
    own weight is learned. Fused products keep their whole output; soft caps on attention (Gemma 2)
    keep all scores, twice, of sequences as long as the longest example.
    """
    item = item_bytes(tuning.dtype)
    full, cast = tuning.method == "full", item < 4
    found = shape.linears if full else adapted(shape, tuning.targets)
    names = {weight.name for weight in found}
    inputs = [
        w for w in found if w.columns == shape.hidden and w.name not in ("o_proj", "down_proj")
    ]
    norms = shape.norms
    total = norms * 4 * shape.hidden
    if full:
        total += norms * 4 * shape.hidden
    total += item * shape.hidden * (len(inputs) if cast else 2)
    total += item * 2 * (shape.queries + shape.keys)
    if shape.norms_heads:
        total += 4 * (shape.queries + shape.keys)
    if shape.fused:
        total += item * (shape.queries + shape.keys)
    if shape.caps_scores:
        total += 2 * item * (shape.queries - shape.keys)
        total += 8 * shape.heads * tuning.example_tokens
    if cast and "o_proj" in names:
        total += item * shape.queries
    total += item * shape.feed_forward * (4 if "down_proj" in names else 3)
    if not full:
        total += item * tuning.rank * len(found)
    return total


def merging_memory(shape: Shape, rank: int, stored: str = "bfloat16") -> Memory:
    """Of adding an adapter to its base: in float32, on the processor, and saved in float16.

    Raises:
        InputError: there is no such dtype.
    """
    adapter = adapter_bytes(shape, rank)
    file = shape.parameters * item_bytes(stored)
    libraries = HF_LIBRARIES + ADAPTER_LIBRARIES
    weights = 4 * shape.parameters
    return Memory(
        need(libraries=libraries, weights=weights, file_while_loading=file, adapter=2 * adapter)
    )
