"""NF4, the 4-bit format of QLoRA, and the weights that it stands for.

QLoRA (Dettmers et al. 2023, arXiv 2305.14314, section 3) keeps the base in NormalFloat-4 with
double quantization. Training and merging must agree on the dequantized weights to the last bit:
the adapter learned to correct exactly these. So both take them from here, quantized from float32.
"""

from __future__ import annotations

from typing import Any

import torch

from harness.models.base_model import frozen_linears

_BLOCK = 64


def nf4_options(compute_dtype: torch.dtype) -> dict[str, Any]:
    """Options of `from_pretrained` that load the linear layers as bitsandbytes NF4."""
    from transformers import BitsAndBytesConfig

    return {
        "quantization_config": BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=compute_dtype,
        )
    }


def through_nf4(weight: torch.Tensor) -> torch.Tensor:
    """A float32 weight quantized to NF4 and back: what a bitsandbytes layer multiplies with."""
    from bitsandbytes import functional

    packed, state = functional.quantize_4bit(
        weight.detach().float().contiguous(),
        blocksize=_BLOCK,
        compress_statistics=True,
        quant_type="nf4",
    )
    restored: torch.Tensor = functional.dequantize_4bit(packed, state)
    return restored.reshape(weight.shape)


def replace_by_nf4_values(model: Any) -> None:
    """Puts the weights of all linear layers but the output head through NF4, in place."""
    for linear in frozen_linears(model):
        linear.weight.data = through_nf4(linear.weight.data)
