"""What an adapter's own files say of it: of one that was trained elsewhere that is all that is known."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from harness.engines.json_files import read_json
from harness.engines.weight_files import tensor_shapes
from harness.models.sources import card_licence
from harness.records import AdapterFacts

RANKED = re.compile(r"(?:^|\.)([^.]+)\.lora_(?:A|embedding_A)(?:\.|$)")
"""The layer in the name of a LoRA's first matrix, which has as many rows as its rank."""
HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
LONGEST = 100
"""Of a text that somebody wrote into an adapter's files, in letters."""


def adapter_facts(folder: Path) -> AdapterFacts:
    """Reads an adapter's configuration, the shapes of its tensors and the head of its card.

    Raises:
        BadModelError: its configuration, or the header of its weights, cannot be read.
    """
    config = read_json(folder / "adapter_config.json")
    shapes = tensor_shapes(folder / "adapter_model.safetensors")
    ranked = {name: found[1] for name in shapes if (found := RANKED.search(name))}
    beside = [name for name in shapes if "lora_" not in name] if ranked else []
    whole = {
        name.replace(".base_layer", "").split(".")[-2] for name in beside if name.count(".") > 1
    }
    return AdapterFacts(
        method=_method(config),
        ranks=sorted({shapes[name][0] for name in ranked}),
        layers=sorted(set(ranked.values())),
        whole=sorted(whole),
        weights=sum(map(math.prod, shapes.values())),
        base=_base(config.get("base_model_name_or_path")),
        licence=card_licence(folder),
    )


def _method(config: dict[str, Any]) -> str:
    kind = str(config.get("peft_type", ""))[:LONGEST]
    if kind != "LORA":
        return kind
    scaled = "rsLoRA" if config.get("use_rslora") else "LoRA"
    if not config.get("use_dora"):
        return scaled
    return "DoRA" if scaled == "LoRA" else "DoRA, scaled as rsLoRA"


def _base(given: object) -> str:
    """The name on the Hub; of a folder on the machine that it was trained on its own name alone."""
    name = _text(given)
    return name if HUB_ID.fullmatch(name) else re.split(r"[/\\\\]", name.rstrip("/\\"))[-1]


def _text(given: object) -> str:
    return " ".join(given.split())[:LONGEST] if isinstance(given, str) else ""
