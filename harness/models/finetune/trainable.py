"""From a folder of weights to a model that can be trained, as each method has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from harness.errors import InputError
from harness.finetuning import UNPACKED_LIMIT_BYTES
from harness.models.finetune.base_model import (
    count_linear_weights,
    frozen_linears,
    load_base,
    load_packed_base,
    replace_by_nf4_values,
)
from harness.models.finetune.recipe import Recipe


def load_frozen(base: Path, recipe: Recipe, device: torch.device, dtype: torch.dtype) -> Any:
    """The base as the recipe's method has it while it trains; nothing of it is learned yet.

    Raises:
        BadModelError: the folder is damaged, or Transformers does not know the model.
        OutOfMemoryError: it does not fit.
    """
    kept = recipe.row.base
    packed = kept == "nf4" and count_linear_weights(base) * dtype.itemsize > UNPACKED_LIMIT_BYTES
    if packed:
        model = load_packed_base(base, device, dtype)
    else:
        model = load_base(base)
        if kept == "nf4":
            replace_by_nf4_values(model)
        if kept != "float32":
            for linear in frozen_linears(model):
                linear.weight.data = linear.weight.data.to(dtype)
        model.to(device)
    model.requires_grad_(False)
    if recipe.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    return model


def make_trainable(model: Any, recipe: Recipe) -> Any:
    """The model with what the recipe's method trains: adapters of its own, or all its weights.

    Raises:
        InputError: `target_modules` names no layer of this model.
    """
    if recipe.row.trains == "all weights":
        return model.requires_grad_(True)
    return _with_adapters(model, recipe)


def _with_adapters(model: Any, recipe: Recipe) -> Any:
    from peft import LoraConfig, get_peft_model

    targets = recipe.target_modules
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.scale_alpha,
        lora_dropout=recipe.dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        task_type="CAUSAL_LM",
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise InputError(
            f"finetune.target_modules {targets!r} does not fit the model: {error}",
            'Use "all-linear", or the ends of layer names such as q_proj.',
        ) from error
