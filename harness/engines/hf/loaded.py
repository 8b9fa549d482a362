"""Whether all of a folder's weights went into the model, and the model got all that it asks for.

Transformers only warns of tensors that its model does not take, which is what a folder looks like whose
`config.json` is of another architecture, or has fewer layers; every figure would be of another model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from harness.engines.weight_files import tensor_shapes, weight_files
from harness.errors import BadModelError

DERIVED = re.compile(
    r"(^|[._])(inv_freq|freqs|(cos|sin)_cached|embed_positions(\.weights)?|alibi|masked_bias|"
    r"position_ids|causal_mask|attn_mask|version)$"
)
"""Tensors that older versions stored though they follow from the configuration."""
MASK = re.compile(r"\.(attn|attention|self_attn|self_attention)\.bias$")
"""What GPT-2 and its kin call their causal mask, of four dimensions; a bias has one."""
BESIDE = frozenset(
    [
        "vision_tower",
        "vision_model",
        "vision_embed_tokens",
        "visual",
        "embed_vision",
        "multi_modal_projector",
        "mm_projector",
        "image_newline",
        "audio_tower",
        "embed_audio",
        "speech_encoder",
        "mtp",
        "v_head",
        "value_head",
    ]
)
"""Parts that a language model can come with and that no text passes through."""
REMEDY = (
    "config.json is not of these weights: name the architecture, layers and options that they were "
    "trained with. Where the tensors are of no use, load the model and `save_pretrained` it without them."
)


def check_loaded(report: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    """Holds what Transformers read against what it wanted.

    Args:
        report: Transformers' loading info.
        folder: the weights came from.

    Returns:
        Names of parts in the file beside the language model, with the number of their tensors.

    Raises:
        BadModelError: tensors are missing, of another shape, or not used.
    """
    if missing := sorted(report["missing_keys"]):
        raise BadModelError(
            f"The weights in {folder} lack {len(missing)} tensors that config.json asks for: "
            f"{', '.join(missing[:3])}{', …' if len(missing) > 3 else ''}.",
            "Weights and config.json do not belong together, or a weight file is missing.",
        )
    if other := sorted(report["mismatched_keys"], key=str):
        name, stored, wanted = other[0]
        raise BadModelError(
            f"The model in {folder} cannot be loaded: {len(other)} tensors have another shape than "
            f"config.json asks for, such as {name}: {list(stored)} instead of {list(wanted)}.",
            "Weights and config.json do not belong together.",
        )
    unused = _unexplained(report["unexpected_keys"], folder)
    beside = Counter(part for name in unused if (part := _part_beside(name)))
    left = [name for name in unused if not _part_beside(name)]
    if left:
        raise BadModelError(
            f"{len(left)} tensors of {_files(folder)} are not used, such as {left[0]}.", REMEDY
        )
    return tuple(f"{part} ({count})" for part, count in sorted(beside.items()))


def _unexplained(names: Iterable[str], folder: Path) -> list[str]:
    found = sorted(name for name in names if not DERIVED.search(name))
    if any(MASK.search(name) for name in found):
        masks = _masks(folder)
        found = [name for name in found if name not in masks]
    return found


def _masks(folder: Path) -> set[str]:
    """Causal masks among the tensors of a folder."""
    return {
        name
        for file in weight_files(folder)
        for name, shape in _shapes(file).items()
        if MASK.search(name) and len(shape) == 4
    }


def _shapes(file: Path) -> dict[str, tuple[int, ...]]:
    if file.suffix == ".safetensors":
        return tensor_shapes(file)
    stored: dict[str, Any] = torch.load(str(file), map_location="meta", weights_only=True)
    return {name: tuple(tensor.shape) for name, tensor in stored.items()}


def _part_beside(name: str) -> str | None:
    """The part of a larger model that a tensor belongs to, if it is one beside the language model."""
    return next((part for part in name.split(".") if part in BESIDE), None)


def _files(folder: Path) -> str:
    files = weight_files(folder)
    return str(files[0]) if len(files) == 1 else f"the {len(files)} weight files in {folder}"
