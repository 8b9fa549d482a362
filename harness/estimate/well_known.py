"""Models of the Hub whose shape is known by their name: what they need can be told without asking.

For plans without a connection, for gated models, and for GGUF repos, which hold no `config.json`. A
name is looked up without its owner, since mirrors and quantizers keep the model's name.
"""

from __future__ import annotations

import re

from harness.models.shapes import SHAPES

_QUANTIZED = re.compile(r"[-.](f32|f16|bf16|i?q\d\w*)$")
_ADDED = (
    re.compile(r"(-imatrix)?[-_](gguf|i1-gguf|quantized\.gguf)$"),
    re.compile(r"^(meta-llama|mistralai|microsoft|google|qwen|huggingfacetb)_"),
    _QUANTIZED,
    re.compile(r"^meta-(?=llama)"),
    re.compile(r"(-(chat|instruct|base|it|pt))?(-hf)?(?=$|-v0\.3$)"),
)
"""What repos add to a model's name in small letters, which changes no shape."""
_OTHERWISE = {"mistral-7b-v0.3": "mistral-7b", "mistral-7b": ""}
"""Where a shape is not that of every version."""


def shape_named(repo: str) -> str | None:
    """The shape of a repo's model in `harness.models.shapes`, by its name; None where it is not known.

    Args:
        repo: `org/name`, of weights or of GGUF files; the name of a GGUF file serves too.
    """
    name = repo.rpartition("/")[2].lower().removesuffix(".gguf")
    for added in _ADDED:
        name = added.sub("", name)
    name = _OTHERWISE.get(name, name)
    return name if name in SHAPES else None


def quantization_named(file: str) -> str:
    """The type that the name of a GGUF file ends in, such as "Q4_K_M"; "" where it tells none."""
    name = file.rpartition("/")[2].lower().removesuffix(".gguf")
    found = _QUANTIZED.search(re.sub(r"-\d{5}-of-\d{5}$", "", name))
    return found[1].upper() if found else ""
