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
PREFIX = "base_model.model."
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
            same = _of_the_base(stored, model)
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
    applied = get_peft_model_state_dict(adapted, save_embedding_layers=False)
    with_tables = get_peft_model_state_dict(adapted, save_embedding_layers=True)
    check_applied(stored, applied, with_tables, same, folder)
    return adapted


def check_applied(
    stored: dict[str, Any],
    applied: dict[str, Any],
    with_tables: dict[str, Any],
    same: frozenset[str],
    folder: Path,
) -> None:
    """Raises BadModelError unless all of an adapter's tensors are in the model, and do something.

    Args:
        stored: the tensors of the adapter's file by name.
        applied: the adapter's tensors in the model, by the names that they would be stored under.
        with_tables: the same, with the embeddings and the head of the model, which PEFT stores beside
            an adapter that changes them or was trained with another vocabulary.
        same: stored tensors that the base has already.
    """
    tables = with_tables.keys() - applied.keys()
    unused = sorted(
        name
        for name, tensor in stored.items()
        if name not in applied
        and name not in same
        and not (name in tables and _is_in_place(tensor, with_tables[name]))
    )
    missing = sorted(applied.keys() - stored.keys())
    if unused or not stored:
        raise BadModelError(
            f"{len(unused)} of the {len(stored)} tensors of the adapter in {folder} match no "
            f"module of the model, or were not put in place{', such as ' + unused[0] if unused else ''}.",
            FITS,
        )
    if missing:
        raise BadModelError(
            f"The adapter in {folder} lacks {len(missing)} tensors that its adapter_config.json "
            f"asks for, such as {missing[0]}.",
            "Save the adapter again; its configuration and weights do not belong together.",
        )
    if all(is_untrained_lora(name, tensor) for name, tensor in stored.items() if name not in same):
        raise BadModelError(
            f"The adapter in {folder} changes nothing: all its updates are zero.",
            "It was saved before it was trained, or its training had a learning rate of zero.",
        )


def _of_the_base(stored: dict[str, Any], model: Any) -> frozenset[str]:
    """Stored tensors that are the base's own, such as embeddings that were saved and not learned."""
    state = model.state_dict()
    names = {name: name.removeprefix(PREFIX).replace(".base_layer.", ".") for name in stored}
    return frozenset(
        name for name, of in names.items() if of in state and _is_in_place(stored[name], state[of])
    )


def _is_in_place(stored: Any, found: Any) -> bool:
    """Whether a stored tensor is the model's, in the model's precision."""
    return stored.shape == found.shape and bool(torch.equal(stored.to(found.dtype), found.cpu()))


def is_untrained_lora(name: str, tensor: Any) -> bool:
    """Whether a tensor of an adapter has no effect: part of a LoRA whose product is zero."""
    if any(mark in name for mark in ZERO_AT_START):
        return not bool(torch.count_nonzero(tensor))
    return "lora_" in name
