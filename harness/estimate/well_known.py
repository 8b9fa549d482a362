"""Models of the Hub whose shape is known by their name: what they need can be told without asking.

For plans without a connection, for gated models, and for GGUF repos, which hold no `config.json`. A
name is looked up without its owner, since mirrors and quantizers keep the model's name.
"""

from __future__ import annotations

import re

_NAMES = {
    "llama-160m": "llama-160m",
    "llama-2-7b(-chat)?(-hf)?": "llama-2-7b",
    "llama-2-13b(-chat)?(-hf)?": "llama-2-13b",
    "(meta-)?llama-3-8b(-instruct)?": "llama-3-8b",
    "(meta-)?llama-3.1-8b(-instruct)?": "llama-3.1-8b",
    "(meta-)?llama-3.1-70b(-instruct)?": "llama-3.1-70b",
    "llama-3.2-1b(-instruct)?": "llama-3.2-1b",
    "llama-3.2-3b(-instruct)?": "llama-3.2-3b",
    "smollm2-135m(-instruct)?": "smollm2-135m",
    "smollm2-360m(-instruct)?": "smollm2-360m",
    "smollm2-1.7b(-instruct)?": "smollm2-1.7b",
    "mistral-7b(-instruct)?-v0.3": "mistral-7b",
    "qwen2.5-0.5b(-instruct)?": "qwen2.5-0.5b",
    "qwen2.5-1.5b(-instruct)?": "qwen2.5-1.5b",
    "qwen2.5-3b(-instruct)?": "qwen2.5-3b",
    "qwen2.5-7b(-instruct)?": "qwen2.5-7b",
    "qwen3-0.6b(-base)?": "qwen3-0.6b",
    "qwen3-1.7b(-base)?": "qwen3-1.7b",
    "qwen3-4b(-base)?": "qwen3-4b",
    "qwen3-8b(-base)?": "qwen3-8b",
    "phi-3.5-mini-instruct": "phi-3.5-mini",
    "gemma-2-2b(-it)?": "gemma-2-2b",
    "gemma-3-1b-(it|pt)": "gemma-3-1b",
}
"""Patterns of names in small letters, and the shape in `harness.models.shapes`."""
_ADDED = re.compile(r"(-imatrix)?[-_](gguf|i1-gguf|quantized\.gguf)$")
_OWNERS = re.compile(r"^(meta-llama|mistralai|microsoft|google|qwen|huggingfacetb)_")
_QUANTIZED = re.compile(r"[-.](f32|f16|bf16|i?q\d\w*)$")


def shape_named(repo: str) -> str | None:
    """The shape of a repo's model, by its name; None where the name is not known.

    Args:
        repo: `org/name`, of weights or of GGUF files; the name of a GGUF file serves too.
    """
    name = repo.rpartition("/")[2].lower().removesuffix(".gguf")
    name = _OWNERS.sub("", _ADDED.sub("", name))
    name = _QUANTIZED.sub("", name)
    found = (shape for pattern, shape in _NAMES.items() if re.fullmatch(_exactly(pattern), name))
    return next(found, None)


def quantization_named(file: str) -> str:
    """The type that the name of a GGUF file ends in, such as "Q4_K_M"; "" where it tells none."""
    name = file.rpartition("/")[2].lower().removesuffix(".gguf")
    found = _QUANTIZED.search(re.sub(r"-\d{5}-of-\d{5}$", "", name))
    return found[1].upper() if found else ""


def _exactly(pattern: str) -> str:
    return pattern.replace(".", r"\.")
