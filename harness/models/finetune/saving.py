"""What comes out of a fine-tuning, as a folder: a PEFT adapter, or the weights themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.finetuning import INITIALIZATIONS
from harness.models.finetune.recipe import Recipe
from harness.models.room import room_for
from harness.models.saving import save_weights

BEGINNING = "beginning"
"""The folder of an adapter as it was before training."""


def save_beginning(tuned: Any, work: Path) -> None:
    """Notes an adapter as it begins, which was taken out of the base's weights."""
    config = tuned.peft_config["default"]
    kept, config.init_lora_weights = config.init_lora_weights, True
    tuned.save_pretrained(work / BEGINNING, save_embedding_layers=False)
    config.init_lora_weights = kept


def save_tuned(tuned: Any, recipe: Recipe, base: Path, out: Path, work: Path) -> None:
    """Writes what the recipe's method makes.

    An adapter that began in the base's own weights is written as what it adds to the base as it was, so
    that it is a LoRA of twice the rank that goes on the plain base (PEFT's conversion of PiSSA).

    Raises:
        BadModelError: a trained weight does not fit float16.
        NoSpaceError: the disk has no room for it.
    """
    with room_for("what was trained", out, "; the next run goes on from the last checkpoint"):
        _save_tuned(tuned, recipe, base, out, work)


def _save_tuned(tuned: Any, recipe: Recipe, base: Path, out: Path, work: Path) -> None:
    if recipe.row.makes == "adapter":
        changed = INITIALIZATIONS[recipe.initialization][1]
        _save_adapter(tuned, out, work / BEGINNING if changed else None)
    else:
        save_weights(
            tuned, base, out, "trained", "take another method, which keeps its base as it is"
        )


def _save_adapter(tuned: Any, out: Path, beginning: Path | None) -> None:
    """Writes adapter_config.json and adapter_model.safetensors, the same bytes each time.

    PEFT would write the base's path on this machine, and layer names in the order of a set.
    """
    given = (
        {} if beginning is None else {"path_initial_model_for_weight_conversion": str(beginning)}
    )
    tuned.save_pretrained(out, save_embedding_layers=False, **given)
    (out / "README.md").unlink(missing_ok=True)
    config_file = out / "adapter_config.json"
    config = json.loads(config_file.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = None
    for names in ("target_modules", "modules_to_save"):
        if isinstance(config[names], list):
            config[names].sort()
    config_file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
