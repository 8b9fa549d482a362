"""Who descends from whom: the chain from a source to each model of a suite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.suite.schema import ModelSpec


def ancestry(models: Mapping[str, ModelSpec], name: str) -> list[str]:
    """The names from the source to the model itself, source first.

    Stops where a `from` names no model, and where it comes round to a model already passed.
    """
    chain = [name]
    while (parent := models[chain[0]].from_) is not None and parent in models:
        if parent in chain:
            break
        chain.insert(0, parent)
    return chain


def root_of(models: Mapping[str, ModelSpec], name: str) -> str:
    """The source that a model descends from; its tokenizer encodes the whole lineage's prompts."""
    return ancestry(models, name)[0]


def is_gguf(spec: ModelSpec) -> bool:
    """Whether llama.cpp runs this model."""
    return spec.gguf is not None


def resolve(path: str, folder: Path) -> Path:
    """A path of a suite, from the suite's folder; `~` is the user's home."""
    return (folder / Path(path).expanduser()).resolve()
