"""An adapter into the base it was trained on: one plain model, ready for conversion."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch

from harness.engines.hf.adapter import apply_adapter
from harness.engines.weight_files import adapter_files
from harness.models.finetune.base_model import load_base, replace_by_nf4_values
from harness.models.saving import save_weights


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
    save_weights(merged, base, out, "merged", "measure base and adapter unmerged")
