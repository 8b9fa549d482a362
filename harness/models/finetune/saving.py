"""What comes out of a fine-tuning, as a folder: a PEFT adapter, or the weights themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.models.finetune.recipe import Recipe
from harness.models.saving import save_weights


def save_tuned(tuned: Any, recipe: Recipe, base: Path, out: Path) -> None:
    """Writes what the recipe's method makes.

    Raises:
        BadModelError: a trained weight does not fit float16.
    """
    if recipe.row.makes == "adapter":
        _save_adapter(tuned, out)
    else:
        save_weights(
            tuned, base, out, "trained", "take another method, which keeps its base as it is"
        )


def _save_adapter(tuned: Any, out: Path) -> None:
    """Writes adapter_config.json and adapter_model.safetensors, the same bytes each time.

    PEFT would write the base's path on this machine, and layer names in the order of a set.
    """
    tuned.save_pretrained(out, save_embedding_layers=False)
    (out / "README.md").unlink(missing_ok=True)
    config_file = out / "adapter_config.json"
    config = json.loads(config_file.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = None
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()
    config_file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
