"""The optimizer of a fine-tuning."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from harness.models.finetune.recipe import Recipe


def make_optimizer(
    weights: Iterable[torch.nn.Parameter], recipe: Recipe, device: torch.device
) -> tuple[Any, str, str]:
    """AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101), its state paged where the recipe says so.

    Paged state (QLoRA, arXiv 2305.14314, section 3) goes from the GPU's memory to the machine's while
    there is no room for it; on a processor there is nothing to page from.

    Returns:
        the optimizer, its name, and a note where it is not the one that was asked for ("" where it is).
    """
    name = recipe.optimizer
    if name == "auto":
        paged = device.type == "cuda" and recipe.row.base == "nf4"
        name = "paged_adamw" if paged else "adamw"
    note = ""
    if name != "adamw" and device.type != "cuda":
        note = f"`optimizer: {name}` pages a GPU's memory, and this ran on the processor: AdamW took its place."
        name = "adamw"
    settings: dict[str, Any] = {"lr": recipe.learning_rate, "weight_decay": recipe.weight_decay}
    if name == "adamw":
        return torch.optim.AdamW(weights, fused=True, **settings), "AdamW", note
    from bitsandbytes import optim

    if name == "paged_adamw_8bit":
        return optim.PagedAdamW8bit(weights, **settings), "paged AdamW, 8 bits", note
    return optim.PagedAdamW32bit(weights, **settings), "paged AdamW", note
