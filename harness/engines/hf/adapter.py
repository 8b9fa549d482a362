"""Applies a PEFT adapter, and makes sure that it was applied.

PEFT only warns when an adapter's tensors match no module of the model; every figure would then be
the base model's under the adapter's name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict
from peft.utils import load_peft_weights

from harness.engines.load_errors import LOAD_ERRORS, one_line
from harness.engines.oom import memory_errors, reports_out_of_memory
from harness.errors import BadModelError

FITS = "Use the base model that the adapter was trained on (see its adapter_config.json)."
ZERO_AT_START = ("lora_B", "lora_embedding_A")
"""Tensors that are zero in an untrained LoRA, so that it changes nothing (Hu et al. 2021, §4.1)."""


def apply_adapter(model: Any, folder: Path, device: Any) -> Any:
    """The model with the adapter in `folder` on top, unmerged.

    Raises:
        BadModelError: it does not fit this model, in whole or part, or changes nothing.
        OutOfMemoryError: it does not fit in memory.
    """
    with memory_errors(f"loading the adapter {folder}"):
        try:
            stored = load_peft_weights(str(folder), device="cpu")
            adapted = PeftModel.from_pretrained(
                model, str(folder), local_files_only=True, torch_device=str(device)
            )
        except LOAD_ERRORS as error:
            if reports_out_of_memory(error):
                raise
            raise BadModelError(
                f"The adapter in {folder} cannot be applied to this model: {one_line(error)}", FITS
            ) from error
    if adapted.active_peft_config.is_prompt_learning:
        raise BadModelError(
            f"The adapter in {folder} puts learned tokens in front of the prompt "
            f"({adapted.active_peft_config.peft_type.value}), which the harness cannot score.",
            "Use an adapter that changes weights, such as LoRA.",
        )
    check_applied(stored, get_peft_model_state_dict(adapted, save_embedding_layers=False), folder)
    return adapted


def check_applied(stored: dict[str, Any], applied: dict[str, Any], folder: Path) -> None:
    """Raises BadModelError unless all of an adapter's tensors are in the model, and do something.

    Args:
        stored: the tensors of the adapter's file by name.
        applied: the adapter's tensors in the model, by the names that they would be stored under.
    """
    unused, missing = sorted(stored.keys() - applied.keys()), sorted(applied.keys() - stored.keys())
    if unused or not stored:
        raise BadModelError(
            f"{len(unused)} of the {len(stored)} tensors of the adapter in {folder} match no "
            f"module of the model{', such as ' + unused[0] if unused else ''}.",
            FITS,
        )
    if missing:
        raise BadModelError(
            f"The adapter in {folder} lacks {len(missing)} tensors that its adapter_config.json "
            f"asks for, such as {missing[0]}.",
            "Save the adapter again; its configuration and weights do not belong together.",
        )
    if all(is_untrained_lora(name, tensor) for name, tensor in stored.items()):
        raise BadModelError(
            f"The adapter in {folder} changes nothing: all its updates are zero.",
            "It was saved before it was trained, or its training had a learning rate of zero.",
        )


def is_untrained_lora(name: str, tensor: Any) -> bool:
    """Whether a tensor of an adapter has no effect: part of a LoRA whose product is zero."""
    if any(mark in name for mark in ZERO_AT_START):
        return not bool(torch.count_nonzero(tensor))
    return "lora_" in name
