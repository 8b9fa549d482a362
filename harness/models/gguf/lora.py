"""A LoRA adapter as a GGUF, which llama.cpp puts on a model while it runs.

llama.cpp knows one alpha and scales each pair of matrices by alpha / rank. What PEFT knows besides (rsLoRA's
scale, alphas of single layers) is multiplied into the matrices first, so that nothing is lost; what has no place in
such a file is refused.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.engines.json_files import read_json
from harness.engines.weight_files import adapter_files
from harness.errors import BadModelError
from harness.models.gguf.convert import run_converter_on

MERGED = "Merge it instead: `{from: MODEL, gguf: TYPE}` of the model that has the adapter."
IN_THE_BASE = ("pissa", "olora")
"""What PEFT begins adapters with that it takes out of the base's weights, each time that it loads them."""
CONFIG, TENSORS = "adapter_config.json", "adapter_model.safetensors"
PAIR = re.compile(
    r"^base_model\.model\.(?P<layer>.+)\.(lora_(?P<side>[AB])\.weight|lora_embedding_[AB])$"
)


def convert_lora(adapter: Path, base: Path, out: Path) -> None:
    """Writes an adapter as a GGUF in float32.

    Args:
        adapter: a PEFT folder.
        base: the Transformers folder that it was trained on, for names and shapes.

    Raises:
        BadModelError: it holds more than pairs of low-rank matrices, or llama.cpp cannot convert it.
        MissingToolError: the converter is not to be had.
    """
    adapter_files(adapter)
    with TemporaryDirectory(prefix="harness-lora-") as folder:
        plain = Path(folder)
        write_plain_lora(adapter, plain)
        command = [str(plain), "--base", str(base), "--outfile", str(out), "--outtype", "f32"]
        run_converter_on("convert_lora_to_gguf.py", command, base, out, MERGED)


def write_plain_lora(adapter: Path, out: Path) -> None:
    """The same adapter with one alpha for all its layers, scaled by alpha / rank.

    Raises:
        BadModelError: it is no LoRA, or holds more than pairs of low-rank matrices.
    """
    from safetensors.torch import load_file, save_file

    config = read_json(adapter / CONFIG)
    _check_kind(adapter, config)
    tensors = load_file(adapter / TENSORS)
    strangers = [name for name in tensors if PAIR.match(name) is None]
    if strangers:
        raise BadModelError(
            f"The adapter in {adapter} holds more than a LoRA ({strangers[0]}), which llama.cpp cannot put on a "
            "model while it runs.",
            MERGED,
        )
    alpha = float(config.get("lora_alpha") or 1.0)
    for name, tensor in tensors.items():
        found = PAIR.match(name)
        if found is None or found["side"] != "B":
            continue
        rank = tensor.shape[1]
        factor = _scale(config, found["layer"], rank) * rank / alpha
        if factor != 1.0:
            tensors[name] = tensor * factor
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, out / TENSORS)
    plain = {"use_rslora": False, "alpha_pattern": {}, "rank_pattern": {}, "lora_alpha": alpha}
    (out / CONFIG).write_text(json.dumps({**config, **plain}), encoding="utf-8")


def _check_kind(adapter: Path, config: Mapping[str, Any]) -> None:
    kind = str(config.get("peft_type", ""))
    beginning = str(config.get("init_lora_weights"))
    unknown = {
        f"is of PEFT's type {kind}": kind != "LORA",
        "is a DoRA, whose scale depends on the weights": bool(config.get("use_dora")),
        f"began in the base's own weights ({beginning:.40})": beginning.lower() in IN_THE_BASE,
        "doubles layers": bool(config.get("layer_replication")),
        "has biases": bool(config.get("lora_bias")) or config.get("bias", "none") != "none",
    }
    for why, so in unknown.items():
        if so:
            raise BadModelError(
                f"The adapter in {adapter} {why}, which llama.cpp cannot put on a model while it runs.",
                MERGED,
            )


def _scale(config: Mapping[str, Any], layer: str, rank: int) -> float:
    """What PEFT multiplies a layer's update by."""
    alpha = float(config.get("lora_alpha") or 1.0)
    for key, value in (config.get("alpha_pattern") or {}).items():
        if re.match(rf"(.*\.)?({key})$", layer):
            alpha = float(value)
            break
    return alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)
