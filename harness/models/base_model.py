"""Loading the model that training and merging start from, whole and in a known precision."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from harness.errors import BadModelError
from harness.models.sources import check_model_folder


def load_base(base: Path, **options: Any) -> Any:
    """The causal language model of a Transformers folder, in float32, every weight from its files.

    `options` go to `from_pretrained`.

    Raises:
        BadModelError: the folder is damaged, Transformers does not know the model, or weights
            are missing or of the wrong shape (which Transformers fills with random numbers).
    """
    from transformers import AutoModelForCausalLM

    check_model_folder(base)
    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            base, dtype=torch.float32, local_files_only=True, output_loading_info=True, **options
        )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BadModelError(
            f"Transformers cannot load {base.name}: {error}",
            "Is it a causal language model, saved with save_pretrained, that this version of "
            "Transformers knows?",
        ) from error
    lacking = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))
    if lacking:
        raise BadModelError(
            f"{base.name} lacks {len(lacking)} weights that its config.json asks for, the first "
            f"of them {lacking[0]}.",
            "config.json and the safetensors files are of different models.",
        )
    return model


def frozen_linears(model: Any) -> Iterator[nn.Linear]:
    """The linear layers that QLoRA keeps in 4 bits: all but the output head.

    These are the layers that Transformers gives to bitsandbytes and that PEFT's "all-linear"
    puts adapters on.
    """
    head = model.get_output_embeddings()
    for module in model.modules():
        if isinstance(module, nn.Linear) and module is not head:
            yield module


def count_parameters(model: Any) -> int:
    """Number of weights, on unpacked shapes (a 4-bit weight counts once), tied weights once."""
    counted: dict[int, int] = {}
    for module in model.modules():
        for parameter in module.parameters(recurse=False):
            packed = getattr(parameter, "quant_state", None)
            shape = parameter.shape if packed is None else packed.shape
            counted[id(parameter)] = shape.numel()
    return sum(counted.values())


def context_length(model: Any) -> int:
    """Tokens that the model was made for; without a word on it in the config, no limit."""
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return int(limit) if limit else 1 << 30
