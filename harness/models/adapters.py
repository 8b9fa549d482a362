"""Adapters as PEFT writes them, looked at before anything is loaded: what of them cannot be right here.

Only their configuration and the shapes of their tensors are read, so that a plan can refuse them.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from harness.engines.json_files import read_json
from harness.engines.weight_files import tensor_shapes
from harness.errors import BadModelError, InputError
from harness.models.sources import vocabulary_size

PROMPT_LEARNING = frozenset(
    ["PROMPT_TUNING", "MULTITASK_PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "CPT", "CARTRIDGE"]
)
"""PEFT's types that put learned tokens in front of the prompt."""
CHOOSING = frozenset(["XLORA", "POLY", "ADAPTION_PROMPT"])
"""PEFT's types whose change depends on the prompt, or on a task that is named beside it."""
OTHER_TASKS = frozenset(["SEQ_CLS", "TOKEN_CLS", "QUESTION_ANS", "SEQ_2_SEQ_LM"])
"""PEFT's names of tasks whose models have another head."""
TABLE = re.compile(
    r"(^|\.)(embed_tokens|wte|word_embeddings|embed_in|lm_head|embed_out|output)"
    r"(\.base_layer|\.original_module|\.modules_to_save(\.\w+)?)?\.weight$"
)
"""Embeddings and output heads: (vocabulary, width)."""
LOST_BEGINNINGS = re.compile("pissa_niter_|corda|loftq|lora_ga", re.IGNORECASE)
"""What adapters that took their beginning out of the base's weights may have begun with, where PEFT takes other weights
out of the base when it loads them, or none: by chance (randomized SVD), or for want of the examples that it came of."""
OTHER = "Use an adapter that changes weights, such as LoRA."
WHOLE = "Check that adapter_config.json is the adapter's own, and whole."
MOST_RANK = 1 << 20
UNMERGED = "It can be asked on its base, unmerged: leave `merge` and `gguf` out for it."


def check_adapter(folder: Path, base: Path | None = None, merged: bool = False) -> None:
    """Refuses an adapter that could not be applied, or merged, as PEFT would.

    Args:
        folder: of the adapter; one without a configuration is left to who opens it.
        base: the folder of the weights that it is put on, as far as it is known.
        merged: whether it is merged, too.

    Raises:
        InputError: it is of such a kind.
        BadModelError: its configuration cannot be that of its weights.
    """
    config = read_json(folder / "adapter_config.json")
    kind = str(config.get("peft_type", ""))
    if kind in PROMPT_LEARNING:
        raise InputError(
            f"The adapter in {folder} puts learned tokens in front of the prompt ({kind}), which the "
            "harness cannot score.",
            OTHER,
        )
    if kind in CHOOSING:
        raise InputError(
            f"The adapter in {folder} is of PEFT's type {kind}, whose change depends on more than "
            "its weights.",
            OTHER,
        )
    task = str(config.get("task_type", ""))
    if task in OTHER_TASKS:
        raise InputError(
            f"The adapter in {folder} was trained for another task than writing text (`task_type`: {task}).",
            "Use an adapter that was trained for CAUSAL_LM.",
        )
    if config.get("alora_invocation_tokens"):
        raise InputError(
            f"The adapter in {folder} wakes up at certain tokens (`alora_invocation_tokens`), which "
            "the harness does not look for.",
            OTHER,
        )
    beginning = str(config.get("init_lora_weights"))
    if LOST_BEGINNINGS.match(beginning):
        raise InputError(
            f"The adapter in {folder} was trained on weights that its beginning had changed "
            f"(`init_lora_weights`: {beginning:.40}), and how cannot be worked out from the base again.",
            "Save it as a plain LoRA where it was trained (PEFT's `save_pretrained(…, path_initial_model_for_weight_conversion=…)`), "
            "or merge it there and take the merged weights as a `source`.",
        )
    _check_settings(folder, config)
    if base is not None:
        _check_vocabulary(folder, base)
    if merged:
        _check_mergeable(folder, config)


def _check_settings(folder: Path, config: dict[str, object]) -> None:
    """PEFT makes the matrices that a configuration asks for before it looks at those that are there."""
    tensors = tensor_shapes(folder / "adapter_model.safetensors")
    widest = max((length for shape in tensors.values() for length in shape), default=MOST_RANK)
    ranks = {"r": config.get("r"), **_mapping(config, "rank_pattern", folder)}
    scales = {"lora_alpha": config.get("lora_alpha"), **_mapping(config, "alpha_pattern", folder)}
    for key, value in ranks.items():
        if value is not None and not (type(value) is int and 1 <= value <= widest):
            raise BadModelError(
                f"The adapter in {folder} says that its rank is {value!r:.40} (`{key:.60}`), and its weights have "
                f"{widest:,} rows at most.",
                WHOLE,
            )
    for key, value in scales.items():
        if value is not None and not (
            type(value) in (int, float) and math.isfinite(value) and abs(value) < MOST_RANK
        ):
            raise BadModelError(
                f"The adapter in {folder} says that its alpha is {value!r:.40} (`{key:.60}`).",
                WHOLE,
            )


def _mapping(config: dict[str, object], key: str, folder: Path) -> dict[str, Any]:
    found = config.get(key) or {}
    if not isinstance(found, dict):
        raise BadModelError(f"The adapter in {folder} has no mapping as its `{key}`.", WHOLE)
    return found


def _check_vocabulary(folder: Path, base: Path) -> None:
    """PEFT stores the embeddings of a vocabulary that was resized, and wants the base resized alike."""
    wanted = vocabulary_size(base)
    for name, shape in tensor_shapes(folder / "adapter_model.safetensors").items():
        if wanted is not None and TABLE.search(name) and len(shape) == 2 and shape[0] != wanted:
            raise InputError(
                f"The adapter in {folder} was trained with a vocabulary of {shape[0]} tokens ({name}), "
                f"and the base in {base} has {wanted}.",
                f"Give the base as many: model.resize_token_embeddings({shape[0]}), saved with the "
                "adapter's tokenizer, as a `source`.",
            )


def _check_mergeable(folder: Path, config: dict[str, object]) -> None:
    key = next((key for key in ("lora_bias", "layer_replication") if config.get(key)), None)
    if key is not None:
        why = {
            "lora_bias": "its biases have no place in layers without one",
            "layer_replication": "the layers that it doubles share their weights",
        }[key]
        raise InputError(f"The adapter in {folder} cannot be merged (`{key}`): {why}.", UNMERGED)
