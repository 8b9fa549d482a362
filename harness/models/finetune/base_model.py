"""The frozen base of a fine-tuning: in full precision, or as what QLoRA's 4 bits stand for.

QLoRA (Dettmers et al. 2023, arXiv 2305.14314, section 3) keeps the base in NormalFloat-4 with
double quantization. Training and merging must agree on the dequantized weights to the last bit:
the adapter learned to correct exactly these. So both take them from here, quantized from float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from harness.engines.hf.load import load_config, load_model
from harness.engines.permissions import permissions_of
from harness.engines.protocol import EngineSpec
from harness.models.sources import check_model_folder

_BLOCK = 64


def load_base(base: Path) -> Any:
    """The model of a Transformers folder in float32, in main memory.

    Raises:
        BadModelError: the folder is damaged, or Transformers does not know the model.
        OutOfMemoryError: it does not fit.
    """
    check_model_folder(base)
    spec, cpu = EngineSpec(weights=str(base)), torch.device("cpu")
    return load_model(spec, load_config(base), cpu, torch.float32).model


def load_quantized_base(
    base: Path, quantize: Literal["nf4", "int8"], device: torch.device, dtype: torch.dtype
) -> Any:
    """The model with its linear layers packed by bitsandbytes; NF4 computes in `dtype`, int8 by itself.

    The weights of NF4 stay what they are: on a processor with AVX512-BF16 bitsandbytes 0.50 packs them anew, rounding their
    scales, once a layer is asked without gradients, as held-out examples are, and trains against the rounded ones from then on.

    Raises:
        BadModelError: the folder is damaged, or Transformers does not know the model.
        OutOfMemoryError: it does not fit.
    """
    check_model_folder(base)
    spec = EngineSpec(weights=str(base), quantize=quantize)
    model = load_model(spec, load_config(base), device, torch.float32).model
    if quantize == "nf4":
        for linear in frozen_linears(model):
            linear.compute_dtype = dtype
            linear.support_avx512bf16_for_cpu = False
    return model


def frozen_linears(model: Any) -> Iterator[Any]:
    """The linear layers that QLoRA keeps in 4 bits: all but the output head.

    These are the layers that Transformers gives to bitsandbytes and that PEFT's "all-linear"
    puts adapters on.
    """
    head = model.get_output_embeddings()
    for module in model.modules():
        if isinstance(module, nn.Linear) and module is not head:
            yield module


def count_linear_weights(base: Path) -> int:
    """Number of weights in `frozen_linears`, from config.json alone.

    Raises:
        BadModelError: Transformers does not know the model.
    """
    from transformers import AutoModelForCausalLM

    config = load_config(base)
    with torch.device("meta"):
        trusted = permissions_of(base).code
        model = AutoModelForCausalLM.from_config(config, trust_remote_code=trusted)
    return sum(int(linear.weight.numel()) for linear in frozen_linears(model))


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


def context_length(model: Any) -> int:
    """Tokens that the model was made for; without a word on it in the config, no limit."""
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return int(limit) if limit else 1 << 30
