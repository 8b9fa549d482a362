"""The frozen base of a fine-tuning: in full precision, or as what QLoRA's 4 bits stand for.

QLoRA (Dettmers et al. 2023, arXiv 2305.14314, section 3) keeps the base in NormalFloat-4 with
double quantization. Training and merging must agree on the dequantized weights to the last bit:
the adapter learned to correct exactly these. So both take them from here, quantized from float32.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors import safe_open
from torch import nn

from harness.engines.hf.load import cannot_be_loaded, load_config, load_model
from harness.engines.permissions import permissions_of
from harness.engines.protocol import EngineSpec
from harness.engines.weight_files import weight_files
from harness.models.sources import check_model_folder

CPU = torch.device("cpu")
_BLOCK = 64
_HALVES = {"BF16": torch.bfloat16, "F16": torch.float16}


def load_base(base: Path, linears: torch.dtype = torch.float32, device: torch.device = CPU) -> Any:
    """The model of a Transformers folder in float32, but for the weights of its frozen linear layers.

    These are read as `linears` from the file, and never widened: where the file has them so, on a processor, they are
    its pages and take nothing besides.

    Raises:
        BadModelError: the folder is damaged, or Transformers does not know the model.
        OutOfMemoryError: it does not fit.
    """
    check_model_folder(base)
    spec, config = EngineSpec(weights=str(base)), load_config(base)
    with linears_read_as(linears, base):
        model = load_model(spec, config, device, torch.float32).model
    for linear in frozen_linears(model):
        linear.weight.data = linear.weight.data.to(linears)
    return model


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
    return sum(int(linear.weight.numel()) for linear in frozen_linears(_skeleton(base)))


def stored_dtype(base: Path) -> torch.dtype:
    """What the tensors of a folder lie in, where all are of the same 16 bits; else float32."""
    found = set()
    for file in weight_files(base):
        if file.suffix != ".safetensors":
            return torch.float32
        with safe_open(str(file), framework="pt") as tensors:
            found |= {tensors.get_slice(name).get_dtype() for name in tensors.keys()}  # noqa: SIM118 (not a mapping)
    return _HALVES.get(found.pop(), torch.float32) if len(found) == 1 else torch.float32


def _skeleton(base: Path) -> Any:
    """The model without its weights.

    Raises:
        BadModelError: Transformers does not know it.
    """
    from transformers import AutoModelForCausalLM

    config, trusted = load_config(base), permissions_of(base).code
    with cannot_be_loaded(base), torch.device("meta"):
        return AutoModelForCausalLM.from_config(config, trust_remote_code=trusted)


@contextmanager
def linears_read_as(dtype: torch.dtype, base: Path) -> Iterator[None]:
    """Has Transformers read the weights of frozen linear layers as `dtype`, and all else as it is told.

    It reads a tensor as what the empty model has in its place, and builds that model itself; so its class makes it with
    these weights already narrow. Where it builds one of another class, they are read as the rest.
    """
    if dtype == torch.float32:
        yield
        return
    kind = type(_skeleton(base))
    own, build = "__init__" in vars(kind), kind.__init__

    def build_narrow(model: Any, *arguments: Any, **named: Any) -> None:
        build(model, *arguments, **named)
        for linear in frozen_linears(model):
            linear.weight.data = linear.weight.data.to(dtype)

    kind.__init__ = build_narrow
    try:
        yield
    finally:
        if own:
            kind.__init__ = build
        else:
            del kind.__init__


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


def replace_by_nf4_values(model: Any, dtype: torch.dtype = torch.float32) -> None:
    """Puts the weights of all linear layers but the output head through NF4, in place, and keeps what comes out in `dtype`."""
    for linear in frozen_linears(model):
        linear.weight.data = through_nf4(linear.weight.data).to(dtype)


def context_length(model: Any) -> int:
    """Tokens that the model was made for; without a word on it in the config, no limit."""
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return int(limit) if limit else 1 << 30
