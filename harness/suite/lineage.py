"""Who descends from whom: the chain from a source to each model of a suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
    """Whether this model is a GGUF file."""
    return spec.gguf is not None


def files_of(models: Mapping[str, ModelSpec], name: str) -> str:
    """The model whose files these are: of one that is served here, the one that is served."""
    spec = models[name]
    return spec.from_ if spec.serve is not None and spec.from_ is not None else name


def at_run_time(models: Mapping[str, ModelSpec], name: str) -> bool:
    """Whether llama.cpp puts an adapter on a GGUF while this model runs."""
    below = models.get(models[name].from_ or "")
    return models[name].adapter is not None and below is not None and is_gguf(below)


def lender(models: Mapping[str, ModelSpec], name: str) -> str | None:
    """The model of the suite whose adapter a model takes; None where `adapter` names files."""
    adapter = models[name].adapter
    return adapter if adapter in models and at_run_time(models, name) else None


def is_tuned(models: Mapping[str, ModelSpec], name: str) -> bool:
    """Whether training made this model out of the one in `from`: here, or elsewhere as an adapter's files."""
    return models[name].finetune is not None or trained_elsewhere(models, name)


def trained_elsewhere(models: Mapping[str, ModelSpec], name: str) -> bool:
    """Whether a model is its base with an adapter that no model of the suite is."""
    return models[name].adapter is not None and lender(models, name) is None


@dataclass(frozen=True)
class Merge:
    """The adapter of a model, merged into its base."""

    model: str
    precision: Literal["full", "dequantized"]
    """What the base is merged as: its own weights, or the NF4 values that a QLoRA was trained on."""
    trained_on: Literal["full", "nf4"]
    """What the adapter was trained on."""

    @property
    def words(self) -> str:
        """What is merged, such as "qlora into the full-precision base", or "lora" where there is no choice."""
        return self.model if self.trained_on == "full" else f"{self.model} {self.place}"

    @property
    def place(self) -> str:
        """What the adapter is merged into, as words that follow "merged"."""
        return f"into the {'full-precision' if self.precision == 'full' else 'dequantized'} base"


def merge_of(models: Mapping[str, ModelSpec], name: str) -> Merge | None:
    """The merge that gives a model's weights in one piece; None where they are in one.

    Where a suite does not say, an adapter goes into the values that it was trained on.
    """
    spec = models[name]
    precision = spec.merge
    if precision is not None and spec.from_ is not None:
        adapted = spec.from_
    elif spec.has_adapter:
        adapted = name
    else:
        return None
    finetune = models[adapted].finetune
    nf4 = finetune is not None and finetune.row.base == "nf4"
    return Merge(adapted, precision or ("dequantized" if nf4 else "full"), "nf4" if nf4 else "full")


def last_merge(models: Mapping[str, ModelSpec], name: str) -> Merge | None:
    """The last merge on the way to a model's files; None where nothing was merged."""
    spec = models[name]
    if spec.merge is not None:
        return merge_of(models, name)
    if spec.serve is not None and spec.from_ is not None and models[spec.from_].gguf is not None:
        return last_merge(models, spec.from_)
    return None if spec.from_ is None else merge_of(models, spec.from_)


def resolve(path: str, folder: Path) -> Path:
    """A path of a suite, from the suite's folder; `~` is the user's home."""
    return (folder / Path(path).expanduser()).resolve()
