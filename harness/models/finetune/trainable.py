"""From a folder of weights to a model that can be trained, as each method has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from harness.errors import InputError
from harness.finetuning import INITIALIZATIONS, UNPACKED_LIMIT_BYTES
from harness.models.finetune.base_model import (
    count_linear_weights,
    load_base,
    load_quantized_base,
    replace_by_nf4_values,
    stored_dtype,
)
from harness.models.finetune.fused import fuse_lora
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.rows import attend_exactly
from harness.models.finetune.saving import save_beginning


def load_frozen(base: Path, recipe: Recipe, device: torch.device, dtype: torch.dtype) -> Any:
    """The base as the recipe's method has it while it trains; nothing of it is learned yet.

    Raises:
        BadModelError: the folder is damaged, or Transformers does not know the model.
        OutOfMemoryError: it does not fit.
    """
    kept = recipe.row.base
    if kept == "int8":
        model = load_quantized_base(base, "int8", device, dtype)
    elif kept == "nf4" and count_linear_weights(base) * dtype.itemsize > UNPACKED_LIMIT_BYTES:
        model = load_quantized_base(base, "nf4", device, dtype)
    elif kept == "nf4":
        # On the processor, where a merge works these values out too.
        model = load_base(base, stored_dtype(base))
        replace_by_nf4_values(model, dtype)
        model.to(device)
    else:
        model = load_base(base, dtype if kept == "products" else torch.float32, device)
    return prepared(model, recipe, dtype)


def prepared(model: Any, recipe: Recipe, dtype: torch.dtype) -> Any:
    model.requires_grad_(False)
    attend_exactly(model, dtype)
    if recipe.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    return model


def make_trainable(model: Any, recipe: Recipe, work: Path) -> Any:
    """The model with what the recipe's method trains: adapters of its own, or all its weights.

    Args:
        work: a folder, where adapters that begin in the base's weights are noted as they begin.

    Raises:
        InputError: a setting names no layer of this model.
    """
    if recipe.row.trains == "all weights":
        return model.requires_grad_(True)
    tuned = _with_adapters(model, recipe)
    for weight in tuned.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()
    if INITIALIZATIONS[recipe.initialization][1]:
        save_beginning(tuned, work)
    fuse_lora(tuned)
    return tuned


def _with_adapters(model: Any, recipe: Recipe) -> Any:
    from peft import LoraConfig, get_peft_model

    targets = recipe.target_modules
    _check_names(model, recipe)
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.scale_alpha,
        lora_dropout=recipe.dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        init_lora_weights=INITIALIZATIONS[recipe.initialization][0],
        modules_to_save=list(recipe.modules_to_save) or None,
        rank_pattern=dict(recipe.rank_pattern),
        alpha_pattern=dict(recipe.alpha_pattern),
        task_type="CAUSAL_LM",
        **recipe.row.config,
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise InputError(
            f"finetune.target_modules {targets!r} does not fit the model: {error}",
            'Use "all-linear", or the ends of layer names such as q_proj.',
        ) from error


def _check_names(model: Any, recipe: Recipe) -> None:
    """PEFT passes over names that no layer has."""
    layers = [name for name, _ in model.named_modules()]
    given = {
        "modules_to_save": recipe.modules_to_save,
        "rank_pattern": recipe.rank_pattern,
        "alpha_pattern": recipe.alpha_pattern,
    }
    for setting, names in given.items():
        for name in names:
            if not any(layer == name or layer.endswith(f".{name}") for layer in layers):
                ends = sorted({layer.rsplit(".", 1)[-1] for layer in layers} - {""})
                letters = [end for end in ends if not end.isdigit()]
                raise InputError(
                    f"finetune.{setting} names `{name}`, and no layer of the model is called so.",
                    f"Its layers end in {', '.join(letters)}.",
                )
