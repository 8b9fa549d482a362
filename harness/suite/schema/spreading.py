"""One model over several devices: what a suite may say of it, for Accelerate and for llama.cpp."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from harness.suite.schema.entry import Entry
from harness.suite.schema.resources import Size

OF_ACCELERATE = ("device_map", "max_memory")
OF_LLAMA_CPP = ("split_mode", "tensor_split", "main_gpu")
_PLACE = r"\d+|cpu"


def _by_text(given: Any) -> Any:
    """Numbers of GPUs as texts, as JSON has them; YAML reads a bare 0 as a number."""
    if not isinstance(given, dict):
        return given
    named = {str(key): value for key, value in given.items()}
    wrong = [key for key in named if not re.fullmatch(_PLACE, key)]
    if wrong:
        raise ValueError(f"`{wrong[0]}` is neither the number of a GPU, from 0, nor `cpu`")
    return named


class Spreading(Entry):
    """Over how many GPUs a model is laid, and how."""

    devices: int | None = Field(
        None,
        ge=1,
        description="GPUs that this one model is laid over. On a cluster its steps ask for as many. "
        "Default: one, or those that `max_memory` or `tensor_split` names.",
    )
    device_map: Literal["auto", "balanced", "balanced_low_0", "sequential"] | None = Field(
        None,
        description="How Accelerate lays a Transformers model over GPUs, main memory and disk. Default: "
        "`balanced` where `devices` is more than 1.",
    )
    max_memory: Annotated[
        dict[Annotated[str, Field(pattern=f"^({_PLACE})$")], Size] | None, BeforeValidator(_by_text)
    ] = Field(
        None,
        min_length=1,
        description="What weights may take of each device, such as {0: 20 GB, 1: 20 GB, cpu: 60 GB}; what "
        "finds no room is read from disk for each pass. Default: what is free.",
    )
    split_mode: Literal["none", "layer", "row", "tensor"] | None = Field(
        None,
        description="How llama.cpp lays a GGUF over GPUs: whole layers on each (its default), rows of "
        "each product, or tensors; none: all on `main_gpu`.",
    )
    tensor_split: tuple[Annotated[float, Field(ge=0)], ...] | None = Field(
        None, min_length=1, description="llama.cpp's share of each GPU, such as [3, 1]."
    )
    main_gpu: int | None = Field(
        None,
        ge=0,
        description="llama.cpp's GPU for all with `split_mode: none`, for what is not split with `row`.",
    )

    @property
    def gpus(self) -> int:
        """GPUs that the suite says this model is laid over; 0 where it does not say."""
        named = 1 + max((int(key) for key in self.max_memory or () if key != "cpu"), default=-1)
        return self.devices or max(named, len(self.tensor_split or ()))

    @property
    def spread(self) -> dict[str, Any]:
        """What is said of it, by key."""
        return self.model_dump(include=set(Spreading.model_fields), exclude_none=True)

    @model_validator(mode="after")
    def _one_way(self) -> Spreading:
        accelerate, llama = (
            [key for key in keys if getattr(self, key) is not None]
            for keys in (OF_ACCELERATE, OF_LLAMA_CPP)
        )
        if accelerate and llama:
            raise ValueError(
                f"`{accelerate[0]}` is Accelerate's, for Transformers models, and `{llama[0]}` is "
                "llama.cpp's, for GGUFs; name one of them"
            )
        if self.max_memory and not (self.device_map or (self.devices or 0) > 1):
            raise ValueError("`max_memory` goes with a `device_map`, such as `device_map: auto`")
        numbers = sorted(int(key) for key in self.max_memory or () if key != "cpu")
        if numbers != list(range(len(numbers))):
            raise ValueError(
                "`max_memory` names GPUs from 0 on, none left out: a process sees them so"
            )
        for key, count in (
            ("max_memory", len(numbers)),
            ("tensor_split", len(self.tensor_split or ())),
        ):
            if self.devices and count and count != self.devices:
                raise ValueError(f"`{key}` names {count} GPUs, and `devices` says {self.devices}")
        if self.tensor_split is not None and not sum(self.tensor_split):
            raise ValueError("`tensor_split` gives no GPU a share")
        if self.split_mode == "none" and (self.tensor_split or (self.devices or 0) > 1):
            raise ValueError("with `split_mode: none` the model is on one GPU: nothing is split")
        if self.main_gpu is not None and self.split_mode not in ("none", "row"):
            raise ValueError("`main_gpu` goes with `split_mode: none` or `split_mode: row`")
        if self.main_gpu and self.devices and self.main_gpu >= self.devices:
            raise ValueError(f"`main_gpu: {self.main_gpu}` is none of {self.devices} `devices`")
        device = str(getattr(self, "device", "auto"))
        if device != "auto" and (self.gpus > 1 or accelerate):
            key = accelerate[0] if accelerate else "devices"
            raise ValueError(f"`device: {device}` is one device, and `{key}` spreads the model")
        return self
