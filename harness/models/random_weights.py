"""A model of true architecture and shape with random weights, made without a download.

Speed, memory and every step from fine-tuning to quantization can be tried with it on one's own
machine; what it answers means nothing. Its tokenizer is the starter's: text becomes more tokens than
by the real model's, and ids beyond the tokenizer's are never asked for.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from harness.errors import BadModelError
from harness.models.shapes import SHARD_BYTES
from harness.starter import MODEL_FOLDER

_MARKERS = ("bos_token_id", "eos_token_id", "pad_token_id")
_TOKENIZER = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "chat_template.jinja")
_DEVIATION = 0.02


def write_random_model(folder: Path, config: Mapping[str, Any], seed: int) -> int:
    """Writes a Transformers folder: bfloat16 weights in shards, the starter's tokenizer.

    Matrices are drawn from a normal distribution with the deviation that the architecture begins
    its training with (0.02), vectors are ones or, where they are biases, zeros; so layers neither
    die out nor overflow. No more than a shard is held in memory. Returns how many weights there are.

    Args:
        folder: an empty one.
        config: as in `config.json`.
        seed: of all weights.

    Raises:
        BadModelError: Transformers cannot build such a model.
    """
    model, whole = _skeleton(config)
    shards = list(_shards(model))
    generator = torch.Generator().manual_seed(seed)
    places: dict[str, str] = {}
    count = 0
    for number, names in enumerate(shards, start=1):
        file = f"model-{number:05}-of-{len(shards):05}.safetensors"
        tensors = {name: _drawn(name, size, generator, whole) for name, size in names.items()}
        save_file(tensors, folder / file, metadata={"format": "pt"})
        places |= dict.fromkeys(tensors, file)
        count += sum(tensor.numel() for tensor in tensors.values())
    index = {"metadata": {"total_size": 2 * count}, "weight_map": places}
    _write(folder / "model.safetensors.index.json", index)
    _write(folder / "config.json", {**whole.to_dict(), "architectures": [type(model).__name__]})
    for name in _TOKENIZER:
        shutil.copyfile(MODEL_FOLDER / name, folder / name)
    markers = {key: value for key in _MARKERS if (value := getattr(whole, key)) is not None}
    _write(folder / "generation_config.json", markers)
    return count


def _skeleton(config: Mapping[str, Any]) -> tuple[Any, Any]:
    """The model without its weights, and its whole configuration."""
    from transformers import AutoConfig, AutoModelForCausalLM

    starter = json.loads((MODEL_FOLDER / "config.json").read_text(encoding="utf-8"))
    given = {key: value for key, value in config.items() if key != "model_type"}
    markers = {key: starter[key] for key in _MARKERS if key in starter}
    try:
        whole = AutoConfig.for_model(
            config["model_type"], **{**given, **markers, "dtype": "bfloat16"}
        )
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(whole)
    except (ValueError, KeyError, TypeError, RuntimeError, AssertionError) as error:
        raise BadModelError(
            f"Transformers cannot build a {config['model_type']} of this shape: {error}",
            "Check the values that the suite changes.",
        ) from error
    return model, whole


def _shards(model: Any) -> Iterator[dict[str, torch.Size]]:
    """Shapes by name, so many at a time as fit; weights that are tied stand once."""
    tied = _tied(model)
    names: dict[str, torch.Size] = {}
    size = 0
    for name, tensor in model.state_dict().items():
        if name in tied:
            continue
        if names and size + 2 * tensor.numel() > SHARD_BYTES:
            yield names
            names, size = {}, 0
        names[name] = tensor.shape
        size += 2 * tensor.numel()
    yield names


def _tied(model: Any) -> set[str]:
    if not model.config.tie_word_embeddings:
        return set()
    inputs, outputs = model.get_input_embeddings(), model.get_output_embeddings()
    named = {id(module): name for name, module in model.named_modules()}
    assert inputs is not outputs
    return {f"{named[id(outputs)]}.weight"}


def _drawn(name: str, size: torch.Size, generator: torch.Generator, config: Any) -> torch.Tensor:
    if len(size) < 2:
        # Gemma's norms multiply by one more than their weight.
        zero = name.endswith("bias") or config.model_type.startswith("gemma")
        return (torch.zeros if zero else torch.ones)(size, dtype=torch.bfloat16)
    deviation = getattr(config, "initializer_range", None) or _DEVIATION
    return torch.empty(size, dtype=torch.bfloat16).normal_(0.0, deviation, generator=generator)


def _write(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
