"""What a fine-tuning trains, and what of it lies on disk: the adapter, and the checkpoints while it trains.

A checkpoint holds what is trained in float32 and the optimizer's state; the best weights until then lie
beside it. Each is written aside before it takes the place of the one before, so two of both are there for
a moment (`harness.models.finetune.checkpoints`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.estimate.files import (
    HEADER_BYTES_PER_TENSOR,
    ITEM_BYTES,
    adapted,
    adapter_parameters,
    checkpoint_bytes,
)
from harness.estimate.need import Device
from harness.estimate.shape import ModelShape, Weight
from harness.finetuning import INITIALIZATIONS, METHODS, UNPACKED_LIMIT_BYTES, Method

EIGHT_BIT_STATE = 2 + 2 * 4 / 256
"""Bytes of bitsandbytes' 8-bit AdamW a weight: two moments, and a float32 scale for 256 of each (Dettmers et al.
2022, arXiv 2110.02861, section 2; its block size since 0.44 is 256)."""
ARCHIVED_BYTES_PER_TENSOR = 1500
"""Of a checkpoint's archive, for a trained tensor and its three of the optimizer's state."""


@dataclass(frozen=True)
class Tuning:
    """What decides how much memory and disk a fine-tuning takes.

    Attributes:
        method: its row in the table of methods.
        dtype: of the matrix products.
        ranks: of single layers, by the ends of their names.
        whole: ends of names of layers that are trained whole.
        initialization: what adapters begin with.
        batch_tokens: of a batch, padding included; or of the longest example, if that is longer.
        example_tokens: of the longest example.
        label_share: share of the tokens that are learned, and so get logits.
        trials: how many settings are searched through.
        stored: precision of the base's files.
    """

    method: Method = METHODS["lora"]
    dtype: str = "bfloat16"
    rank: int = 16
    targets: str | Sequence[str] = "all-linear"
    ranks: Mapping[str, int] = field(default_factory=dict)
    whole: Sequence[str] = ()
    initialization: str = "default"
    dropout: float = 0.0
    batch_tokens: int = 2048
    accumulate: int = 1
    packing: bool = False
    example_tokens: int = 512
    label_share: float = 0.25
    gradient_checkpointing: bool = False
    optimizer: str = "auto"
    trials: int = 1
    stored: str = "bfloat16"

    @property
    def all_weights(self) -> bool:
        """Whether every weight is learned."""
        return self.method.trains == "all weights"

    @property
    def tokens(self) -> int:
        """Of a batch."""
        return max(self.batch_tokens, self.example_tokens)

    def pages(self, device: Device) -> bool:
        """Whether the optimizer's state goes to the machine's memory where a GPU's is full."""
        chosen = self.optimizer.startswith("paged")
        return device == "cuda" and (
            chosen or (self.optimizer == "auto" and self.method.base == "nf4")
        )

    def state_bytes(self, device: Device) -> float:
        """Of the optimizer, a trained weight; on a processor AdamW takes the place of the others."""
        if self.optimizer == "paged_adamw_8bit" and device == "cuda":
            return EIGHT_BIT_STATE
        return self.method.optimizer_bytes


def is_packed(shape: ModelShape, tuning: Tuning) -> bool:
    """Whether the base is kept in bitsandbytes layers; a small one of QLoRA's is the weights that NF4
    stands for."""
    size = shape.linear_weights * ITEM_BYTES[tuning.dtype]
    if tuning.method.base == "nf4":
        return size > UNPACKED_LIMIT_BYTES
    return tuning.method.quantized is not None


def trained_parameters(shape: ModelShape, tuning: Tuning) -> int:
    """Weights that are learned.

    Raises:
        InputError: a target does not exist.
    """
    if tuning.all_weights:
        return shape.parameters
    beside = _magnitudes(shape, tuning) + sum(weight.count for weight in _whole(shape, tuning))
    return adapter_parameters(shape, tuning.rank, tuning.targets, tuning.ranks) + beside


def tuned_bytes(shape: ModelShape, tuning: Tuning) -> int:
    """Of the files that come out. An adapter that began in the base's weights has twice its rank."""
    if tuning.method.makes == "weights":
        return checkpoint_bytes(shape, "float16")
    again = INITIALIZATIONS[tuning.initialization][1]
    doubled = adapter_parameters(shape, tuning.rank, tuning.targets, tuning.ranks) * again
    written = 4 * (trained_parameters(shape, tuning) + doubled)
    return written + HEADER_BYTES_PER_TENSOR * _tensors(shape, tuning)


def scratch_bytes(shape: ModelShape, tuning: Tuning, device: Device) -> int:
    """Most that lies on disk while it trains and is gone at its end: two checkpoints, two of the best weights,
    adapters as they began, and of a search what came of the best trial and of the last one."""
    trained, tensors = trained_parameters(shape, tuning), _tensors(shape, tuning)
    checkpoint = (4 + tuning.state_bytes(device)) * trained + ARCHIVED_BYTES_PER_TENSOR * tensors
    best = 4 * trained + HEADER_BYTES_PER_TENSOR * tensors
    began = best if INITIALIZATIONS[tuning.initialization][1] else 0
    tried = 2 * tuned_bytes(shape, tuning) if tuning.trials > 1 else 0
    return round(2 * checkpoint + 2 * best + began + tried)


def _magnitudes(shape: ModelShape, tuning: Tuning) -> int:
    """DoRA's lengths of the rows of each matrix."""
    if not tuning.method.config.get("use_dora"):
        return 0
    return shape.layers * sum(weight.rows for weight in adapted(shape, tuning.targets))


def _whole(shape: ModelShape, tuning: Tuning) -> list[Weight]:
    """Tensors that are trained whole beside adapters, each as often as there is one."""
    names = [re.compile(rf"(.*\.)?{re.escape(name)}$") for name in tuning.whole]
    head = Weight("lm_head", "output", "head", shape.vocabulary, shape.hidden)
    outside = (*shape.outside, head) if shape.tied else shape.outside
    found = [weight for weight in outside if any(name.match(weight.name) for name in names)]
    inside = [weight for weight in shape.layer if any(name.match(weight.name) for name in names)]
    return [*found, *(shape.layers * inside)]


def _tensors(shape: ModelShape, tuning: Tuning) -> int:
    """That are trained."""
    if tuning.all_weights:
        return shape.tensors
    each = 3 if tuning.method.config.get("use_dora") else 2
    adapters = shape.layers * len(adapted(shape, tuning.targets))
    return each * adapters + len(_whole(shape, tuning))
