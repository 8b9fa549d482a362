"""An adapter into the base it was trained on: one plain model, ready for conversion."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Literal

import torch

from harness.engines.hf.adapter import apply_adapter
from harness.engines.permissions import permissions_of
from harness.engines.weight_files import adapter_files
from harness.errors import BadModelError
from harness.models.finetune.base_model import load_base, replace_by_nf4_values

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
    adapter_files(adapter)
    model = load_base(base)
    if base_precision == "dequantized":
        replace_by_nf4_values(model)
    merged = apply_adapter(model, adapter, torch.device("cpu")).merge_and_unload()
    _round_to_float16(merged)
    merged.save_pretrained(out)
    code = ("*.py",) if permissions_of(base).code else ()
    for pattern in (*_COPIED, *code):
        for file in base.glob(pattern):
            if file.is_file():
                shutil.copyfile(file, out / file.name)
    _write_config(base, out)


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
