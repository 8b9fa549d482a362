"""An adapter into the base it was trained on: one plain model, ready for conversion."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import torch

from harness.engines.hf.adapter import apply_adapter
from harness.engines.load_errors import LOAD_ERRORS, one_line
from harness.engines.oom import reports_out_of_memory
from harness.engines.weight_files import adapter_files
from harness.errors import BadModelError
from harness.models.adapters import UNMERGED
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
    merged = _merged(apply_adapter(model, adapter, torch.device("cpu")), adapter)
    save_weights(merged, base, out, "merged", "measure base and adapter unmerged")


def _merged(adapted: Any, adapter: Path) -> Any:
    """PEFT's own merge.

    Raises:
        BadModelError: this kind of adapter cannot be merged.
    """
    if getattr(adapted.active_peft_config, "layer_replication", None):
        raise BadModelError(
            f"The adapter in {adapter} cannot be merged: the layers that it doubles share their weights.",
            UNMERGED,
        )
    untied = _untie(adapted.get_base_model())
    try:
        merged = adapted.merge_and_unload()
    except LOAD_ERRORS as error:
        if reports_out_of_memory(error):
            raise
        raise BadModelError(
            f"The adapter in {adapter} cannot be merged: {one_line(error)}", UNMERGED
        ) from error
    return _tied_again(merged) if untied else merged


def _untie(model: Any) -> bool:
    """Gives a head that shares the embeddings' weight one of its own where an adapter is on either.

    What is merged into one would else be in both. Says whether that was so.
    """
    tables = model.get_input_embeddings(), model.get_output_embeddings()
    inputs, outputs = map(_bare, tables)
    if inputs.weight is not outputs.weight or (inputs, outputs) == tables:
        return False
    outputs.weight = torch.nn.Parameter(inputs.weight.detach().clone(), requires_grad=False)
    return True


def _tied_again(model: Any) -> Any:
    """The model with one weight for both where they are the same; else its configuration says so."""
    inputs, outputs = model.get_input_embeddings(), model.get_output_embeddings()
    same = torch.equal(inputs.weight, outputs.weight)
    if same:
        outputs.weight = inputs.weight
    model.config.tie_word_embeddings = model.config.get_text_config().tie_word_embeddings = same
    return model


def _bare(layer: Any) -> Any:
    """The layer that PEFT has wrapped."""
    while (
        inner := getattr(layer, "base_layer", getattr(layer, "original_module", None))
    ) is not None:
        layer = inner
    return layer
