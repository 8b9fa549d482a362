"""Memory that fine-tuning takes: LoRA, QLoRA, and all weights, as this project's loop does it.

`harness.models.finetune.run` reads the frozen matrices in the precision of the products (QLoRA's of a
large model are packed to NF4) and all else in float32; adapters, their gradients and
AdamW's two moments are float32. Activations are what autograd keeps for the backward pass, counted
tensor by tensor for the layers that Transformers has; a test counts them with torch's own hooks.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.estimate.files import ITEM_BYTES, adapted
from harness.estimate.inference import HF_LIBRARIES, LINEAR_BYTES
from harness.estimate.need import MIB, Device, Memory, held, peak
from harness.estimate.shape import ModelShape
from harness.estimate.tuning import Tuning, is_packed, trained_parameters
from harness.finetuning import SHORT_ROW

ADAPTER_LIBRARIES = 35 * MIB
"""PEFT and bitsandbytes, which it imports."""
HELD_LAYERS = 2
"""Temporary tensors of a layer's forward and backward pass, in what the layer keeps."""
ALLOCATOR = {2: 1.6, 4: 1.75}
"""By bytes of a value: what is resident on a CPU, to what is in use, for blocks below 32 MiB. glibc's
allocator (2.36) seldom uses a freed block again for an aligned one of the same size (its bug 30723), and
its heap grows over the first steps to this multiple; measured. See docs/fit.md for what was tried
against it."""
DEVICE_ALLOCATOR = 1.1
"""The same on a GPU, assumed."""
CHECKPOINTED: Mapping[Device, float] = {"cpu": 2.0, "cuda": 1.0}
"""By how much more the inputs of checkpointed layers count: each stands alone between blocks that its
layer has freed, which are not used again either. One constant for three models, measured; what is in use
is L + 1 inputs, as torch's hooks tell."""


def tuning_memory(shape: ModelShape, tuning: Tuning, device: Device = "cpu") -> Memory:
    """At the peak of a fine-tuning.

    Raises:
        InputError: a target does not exist.
    """
    packed, adapters = is_packed(shape, tuning), tuning.method.trains == "adapters"
    libraries = {"libraries": HF_LIBRARIES + (ADAPTER_LIBRARIES if adapters else 0)}
    learned = trained_parameters(shape, tuning)
    loading, kept = _base(shape, tuning, packed, device)
    kept["adapter"] = 4 * learned if adapters else 0
    state = {"optimizer": tuning.state_bytes(device) * learned}
    host = {**libraries, **(state if tuning.pages(device) else {})}
    kept |= {} if tuning.pages(device) else state
    # Gradients come while activations go: a step is at its largest before or after the two. With several
    # batches a step, those of the first are there while the second is computed.
    gradients = {"gradients": 4 * learned}
    summed = gradients if tuning.accumulate > 1 else {}
    return peak(
        held(device, {**libraries, **loading}, {}),
        held(device, host, {**kept, **summed, **_working(shape, tuning, device)}),
        held(device, host, {**kept, **gradients}),
    )


def _base(
    shape: ModelShape, tuning: Tuning, packed: bool, device: Device
) -> tuple[dict[str, float], dict[str, float]]:
    """What its weights take in main memory while they are read, and where the products are computed from then on.

    On a processor weights that stay in the precision of their file are its pages, all of which stay as long as some are
    used. Packing on one leaves the memory of float32 weights with the process until all are read.
    """
    method, stored = tuning.method, tuning.stored
    dtype = "float32" if method.base == "float32" else tuning.dtype
    each: float = ITEM_BYTES[dtype]
    if packed and method.quantized is not None:
        each = LINEAR_BYTES[method.quantized, device]
    matrices, others = shape.linear_weights * each, 4 * (shape.parameters - shape.linear_weights)
    in_place = [dtype == stored and method.quantized is None, stored == "float32"]
    copied = matrices * (not in_place[0]) + others * (not in_place[1])
    file = {"file while loading": shape.parameters * ITEM_BYTES[stored]}
    if device == "cuda":
        # What a small QLoRA's matrices become is worked out on the processor, as a merge does.
        passed = copied if method.base == "nf4" and not packed else 0
        return {"weights": passed, **file}, {"weights": matrices + others}
    mapped = {"mapped file": file["file while loading"]} if any(in_place) else {}
    read = 4 * shape.parameters if packed else copied
    return {"weights": read, **file}, {"weights": copied, **mapped}


def _working(shape: ModelShape, tuning: Tuning, device: Device) -> dict[str, float]:
    """Activations, logits, and weights that are cast for a product."""
    layer = kept_by_layer(shape, tuning, device)
    tokens, item = tuning.tokens, ITEM_BYTES[tuning.dtype]
    kept: float = shape.layers * layer
    if tuning.gradient_checkpointing:
        # The inputs, and all of the layer that is being computed again.
        kept = CHECKPOINTED[device] * (shape.layers + 1) * 4 * shape.hidden + layer
    factor = DEVICE_ALLOCATOR if device == "cuda" else ALLOCATOR[item]
    logits = 8 + 2 * item + 4 * (item == 4)
    cast = shape.vocabulary * shape.hidden
    cast += shape.linear_weights if tuning.method.base == "float32" else 0
    return {
        "activations": factor * tokens * (kept + HELD_LAYERS * layer),
        "logits": factor * tuning.label_share * tokens * shape.vocabulary * logits,
        "cast weights": item * cast * (item < 4),
        "lengths": _lengths(shape, tuning),
    }


def _lengths(shape: ModelShape, tuning: Tuning) -> float:
    """DoRA's matrix with its update, which PEFT makes anew in each pass to know how long its rows are: an identity of
    the inputs, the update, the update scaled, and the sum, in float32."""
    if not tuning.method.config.get("use_dora"):
        return 0
    sizes = (4 * (w.columns**2 + 3 * w.count) for w in adapted(shape, tuning.targets))
    return max(sizes)


def kept_by_layer(shape: ModelShape, tuning: Tuning, device: Device = "cpu") -> int:
    """Bytes that a layer keeps of each token for its backward pass.

    Counted for a residual stream in float32, as embeddings in float32 make it. Under autocast every
    product keeps its input in the products' precision, and each layer that gets an adapter casts
    its own; without, neighbours share one. A norm keeps its input, and the normed input where its
    own weight is learned. Fused products keep their whole output; soft caps on attention (Gemma 2)
    keep all scores, twice, of rows; of other joined rows what each example found is kept beside the row of all. Short
    examples attend in float32 on a processor. DoRA keeps the outputs of base and adapter apart, dropout its inputs and what they
    are multiplied with.
    """
    item, traits = ITEM_BYTES[tuning.dtype], shape.traits
    full, cast = tuning.all_weights, item < 4
    found = shape.linears if full else adapted(shape, tuning.targets)
    names = {weight.name for weight in found}
    inputs = [
        w for w in found if w.columns == shape.hidden and w.name not in ("o_proj", "down_proj")
    ]
    heads = shape.queries + shape.keys
    exact = (
        cast and device == "cpu" and tuning.example_tokens <= SHORT_ROW and not traits.caps_scores
    )
    attended = 4 if exact else item
    total = traits.norms * 4 * shape.hidden * (2 if full else 1)
    total += item * shape.hidden * (len(inputs) if cast else 2)
    total += attended * heads * 2 + item * heads * (traits.fused and not exact)
    total += 4 * heads if traits.norms_heads else 0
    if traits.caps_scores:
        total += 2 * item * (shape.queries - shape.keys)
        total += 8 * shape.heads * (tuning.tokens if tuning.packing else tuning.example_tokens)
    elif tuning.packing and not exact:
        total += item * shape.queries
    if cast and "o_proj" in names:
        total += item * shape.queries
    total += item * shape.feed_forward * (4 if "down_proj" in names else 3)
    return total if full else total + _kept_by_adapters(shape, tuning, device)


def _kept_by_adapters(shape: ModelShape, tuning: Tuning, device: Device) -> int:
    item, found = ITEM_BYTES[tuning.dtype], adapted(shape, tuning.targets)
    total = item * tuning.rank * len(found)
    if tuning.method.config.get("use_dora"):
        total += 2 * item * sum(weight.rows for weight in found)
    if tuning.dropout:
        columns = sum(weight.columns for weight in found)
        factor = 4 if device == "cpu" else 1
        total += factor * columns
        if item == 4:
            shared = 2 * shape.hidden + shape.feed_forward
            total += 4 * max(0, columns - shared)
    return total
