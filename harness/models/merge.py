"""An adapter into the base it was trained on: one plain model, ready for conversion."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Literal

import torch

from harness.errors import BadModelError
from harness.models.base_model import load_base
from harness.models.nf4 import replace_by_nf4_values
from harness.models.sources import check_safetensors

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


def merge(
    base: Path,
    adapter: Path,
    out: Path,
    base_precision: Literal["full", "dequantized"],
) -> None:
    """Writes base + adapter as a float16 Transformers folder with the base's tokenizer files.

    "dequantized" adds the adapter to the NF4 values of the base, as a QLoRA adapter needs: these,
    not the original weights, are what it was trained to correct. Sums are taken in float32 and
    rounded once, to float16, so that the F16 GGUF holds exactly the weights saved here.

    Raises:
        BadModelError: the base or the adapter is damaged, the adapter does not belong to the
            base, or a merged weight does not fit float16.
    """
    model = load_base(base)
    if base_precision == "dequantized":
        replace_by_nf4_values(model)
    merged = apply_adapter(model, adapter).merge_and_unload()
    _round_to_float16(merged)
    merged.save_pretrained(out)
    for pattern in _COPIED:
        for file in base.glob(pattern):
            if file.is_file():
                shutil.copyfile(file, out / file.name)
    _write_config(base, out)


def apply_adapter(model: Any, adapter: Path) -> Any:
    """The model with a PEFT adapter on it, unmerged, after checking that all of it found a place.

    Raises:
        BadModelError: the folder is damaged, or its weights do not fit the model's layers.
    """
    from peft import PeftModel, get_peft_model_state_dict
    from safetensors import safe_open

    weights = adapter / "adapter_model.safetensors"
    for file in (adapter / "adapter_config.json", weights):
        if not file.is_file():
            raise BadModelError(f"{adapter} has no {file.name}.", "An adapter is a PEFT folder.")
    check_safetensors(weights)
    try:
        tuned = PeftModel.from_pretrained(model, str(adapter))
    except (ValueError, RuntimeError, TypeError, KeyError) as error:
        raise BadModelError(
            f"The adapter {adapter.name} does not fit the base model: {error}", _OTHER_BASE
        ) from error
    with safe_open(str(weights), "pt") as saved:
        names = set(saved.keys())
    strangers = sorted(names ^ set(get_peft_model_state_dict(tuned, save_embedding_layers=False)))
    if strangers:
        raise BadModelError(
            f"{len(strangers)} weights of the adapter {adapter.name} have no counterpart in the "
            f"base model, the first of them {strangers[0]}.",
            _OTHER_BASE,
        )
    return tuned


_OTHER_BASE = "It was trained on another model: name that one with `from:`."


def _round_to_float16(model: Any) -> None:
    largest = torch.finfo(torch.float16).max
    for name, weight in model.named_parameters():
        if not bool(torch.isfinite(weight.to(torch.float16)).all()):
            raise BadModelError(
                f"The merged weight {name} reaches {weight.abs().max().item():.3g}, and float16 "
                f"ends at {largest:.0f}.",
                "The training diverged, or this model needs bfloat16: fine-tune it with a lower "
                "learning rate, or measure base and adapter unmerged.",
            )
    model.to(torch.float16)


def _write_config(base: Path, out: Path) -> None:
    """The base's own config.json, which converters know, with the new precision."""
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config.pop("quantization_config", None)
    config.pop("dtype", None)
    config["torch_dtype"] = "float16"
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
