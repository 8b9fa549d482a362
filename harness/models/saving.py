"""A model that was made from another as a Transformers folder: float16 weights, the base's other files."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import torch

from harness.engines.permissions import permissions_of
from harness.errors import BadModelError
from harness.models.room import room_for

_COPIED = (
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.tiktoken",
    "spiece.model",
    "chat_template*",
    "generation_config.json",
)


def save_weights(model: Any, base: Path, out: Path, adjective: str, otherwise: str) -> None:
    """Writes a model's weights, rounded once, with the tokenizer and configuration of its base.

    float16, so that the F16 GGUF holds exactly the weights saved here.

    Args:
        model: in float32; it is rounded in place.
        base: the folder that it was made from.
        out: the new folder.
        adjective: what a weight is called in the error, such as "merged".
        otherwise: what can be done, beside another training, where a weight does not fit.

    Raises:
        BadModelError: a weight does not fit float16.
        NoSpaceError: the disk has no room for them.
    """
    _round_to_float16(model, adjective, otherwise)
    with room_for(f"the {adjective} weights", out):
        model.save_pretrained(out)
    code = ("*.py",) if permissions_of(base).code else ()
    for pattern in (*_COPIED, *code):
        for file in base.glob(pattern):
            if file.is_file():
                shutil.copyfile(file, out / file.name)
    _write_config(base, out, model.config)


def _round_to_float16(model: Any, adjective: str, otherwise: str) -> None:
    largest = torch.finfo(torch.float16).max
    for name, weight in model.named_parameters():
        if not bool(torch.isfinite(weight.to(torch.float16)).all()):
            reach = weight.abs().max().item()
            what = f"reaches {reach:.3g}, and float16 ends at {largest:.0f}"
            raise BadModelError(
                f"The {adjective} weight {name} {'holds NaN' if math.isnan(reach) else what}.",
                "The training diverged, or this model needs bfloat16: fine-tune it with a lower "
                f"learning rate, or {otherwise}.",
            )
    model.to(torch.float16)


def _write_config(base: Path, out: Path, made: Any) -> None:
    """The base's own config.json, which converters know, with the new precision."""
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config.pop("quantization_config", None)
    config.pop("dtype", None)
    config["torch_dtype"] = "float16"
    if not made.get_text_config().tie_word_embeddings:
        for part in (config, config.get("text_config")):
            if part is not None:
                part["tie_word_embeddings"] = False
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
