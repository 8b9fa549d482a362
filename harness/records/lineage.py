"""How a model came about: its steps from the source on, as facts that a report puts into words."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from harness.records.base import Record


class SourceStep(Record):
    """The files that a lineage begins with, or the shape that its random weights were drawn in."""

    kind: Literal["source"] = "source"
    name: str
    """What the suite names: `starter`, a folder, a Hub id, a GGUF file, or an architecture."""
    random: bool = False
    """Whether the weights were drawn by the suite's seed."""
    changed: dict[str, Any] = Field(default_factory=dict)
    """The keys of the architecture's `config.json` that the suite sets."""
    type: str = ""
    """The type that a GGUF file says of itself ("Q4_K_M"); "" for other files, and where it was not read."""


class ServedStep(Record):
    """A model that a server runs, and whose files nobody here has seen."""

    kind: Literal["served"] = "served"
    name: str
    """What the server calls it."""
    host: str
    """With the port, where the suite names one."""


class ServeStep(Record):
    """A model whose files are here, run by a server that was started for it."""

    kind: Literal["serve"] = "serve"
    server: str
    """Such as `llama-cpp`; `command` of the suite's own."""


class LoadStep(Record):
    """Weights that bitsandbytes quantizes while they are loaded."""

    kind: Literal["quantize-on-load"] = "quantize-on-load"
    type: str


class FinetuneStep(Record):
    """A fine-tuning by the suite."""

    kind: Literal["finetune"] = "finetune"
    model: str
    """The entry of the suite that was trained; two fine-tunings of one method and rank differ by it."""
    method: str
    rank: int | None = None
    """The rank of the adapter; None where the method trains none."""
    seed: int


class AdapterStep(Record):
    """An adapter that was trained elsewhere."""

    kind: Literal["adapter"] = "adapter"
    name: str
    """The folder or the Hub id that the suite names."""
    at_run_time: bool = False
    """Whether llama.cpp puts it on a GGUF while that runs; `name` may then be a model of the suite."""


class AdapterFacts(Record):
    """What the files of an adapter say of it."""

    method: str
    """LoRA, rsLoRA, DoRA, or another type by PEFT's name."""
    ranks: list[int] = Field(default_factory=list)
    """All that single layers have, ascending; none of other types than LoRA."""
    layers: list[str] = Field(default_factory=list)
    """Ends of the names of the layers that a LoRA changes."""
    whole: list[str] = Field(default_factory=list)
    """The same of those that were trained whole beside it."""
    weights: int = 0
    """In the file; 0 where it is no safetensors."""
    base: str = ""
    """The model that it was trained on; "" where they do not say."""
    licence: str = ""
    """By its card; "" where there is none, or that does not say."""


class MergeStep(Record):
    """An adapter that became part of the weights."""

    kind: Literal["merge"] = "merge"
    base_precision: Literal["full", "dequantized"]
    """What the adapter was merged into: the base's own weights, or the NF4 values of a QLoRA's base."""
    trained_on: Literal["full", "nf4"]

    @property
    def is_packaging(self) -> bool:
        """Whether the base is the one that the adapter was trained on, so that no knowledge changed."""
        return self.base_precision == "dequantized" or self.trained_on == "full"


class ConvertStep(Record):
    """Weights that were written as a GGUF file of 16-bit floats."""

    kind: Literal["convert"] = "convert"
    type: str


class QuantizeStep(Record):
    """A GGUF file that was quantized."""

    kind: Literal["quantize"] = "quantize"
    type: str


LineageStep = Annotated[
    SourceStep
    | ServedStep
    | ServeStep
    | LoadStep
    | FinetuneStep
    | AdapterStep
    | MergeStep
    | ConvertStep
    | QuantizeStep,
    Field(discriminator="kind"),
]
