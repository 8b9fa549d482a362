"""Loads a Transformers model with its adapter and quantization, and refuses half-loaded ones."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, BitsAndBytesConfig

from harness.engines.finite import FaultyWeight
from harness.engines.hf.loaded import check_loaded
from harness.engines.hf.spread import DISK, map_options, places_of, weights_in_place
from harness.engines.load_errors import LOAD_ERRORS, one_line
from harness.engines.oom import memory_errors, reports_out_of_memory
from harness.engines.own_code import refuse_code
from harness.engines.permissions import permissions_of
from harness.engines.process import has_bfloat16
from harness.engines.protocol import EngineSpec
from harness.engines.spread import CPU
from harness.errors import BadModelError, InputError

transformers.utils.logging.disable_progress_bar()
logging.getLogger("bitsandbytes.autograd").setLevel(logging.ERROR)
"""It warns of each product that int8 rounds from bfloat16 by way of float16: 69 lines an example."""


def choose_device(spec: EngineSpec) -> Any:
    """The torch device to run on; of a model that is spread the first.

    Raises:
        InputError: it is not there.
    """
    if spec.device == "auto":
        gpu = "cuda:0" if spec.spread.mapped else "cuda"
        return torch.device(gpu if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(spec.device)
    except RuntimeError as error:
        raise InputError(
            f"There is no device '{spec.device}'.", "Use auto, cpu, cuda or cuda:0."
        ) from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(
            f"The device '{spec.device}' is asked for, but this machine has no usable GPU.",
            "Leave `device` out, or install torch with CUDA.",
        )
    return device


def choose_dtype(spec: EngineSpec, device: Any) -> Any:
    """What weights and activations are computed in, where the suite does not say.

    bfloat16 on a GPU and on a processor that multiplies it itself, which is two to four times as
    fast as float32 and what most models are published in; else float32.
    """
    if spec.dtype == "auto":
        native = device.type != "cpu" or has_bfloat16()
        return torch.bfloat16 if native else torch.float32
    return getattr(torch, spec.dtype)


def load_config(folder: Path) -> Any:
    """The model's configuration.

    Raises:
        BadModelError: it is damaged, or of an architecture that Transformers does not know.
    """
    try:
        return AutoConfig.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=permissions_of(folder).code
        )
    except LOAD_ERRORS as error:
        refuse_code(folder, "config.json")
        raise BadModelError(
            f"Transformers {transformers.__version__} cannot use {folder / 'config.json'}: "
            f"{one_line(error)}",
            "The architecture may be unknown to this version: update Transformers.",
        ) from error


@dataclass(frozen=True)
class LoadedModel:
    """A model in evaluation mode, and what of its files is no part of it."""

    model: Any
    beside: tuple[str, ...]
    """Parts that no text passes through, such as "vision_tower (386)"."""


def load_model(spec: EngineSpec, config: Any, device: Any, dtype: Any) -> LoadedModel:
    """The model in evaluation mode, its adapter applied (unmerged).

    Raises:
        BadModelError: files are missing or damaged; tensors are missing, or not used; the adapter
            does not fit.
        OutOfMemoryError: it does not fit in memory.
    """
    folder = Path(spec.weights or "")
    with memory_errors(f"loading {folder}"), cannot_be_loaded(folder):
        model, report = _read(
            folder,
            config,
            dtype,
            quantization_config=quantization(spec, dtype),
            **map_options(spec, device),
        )
    beside = check_loaded(report, folder)
    check_blocks(model, device)
    if spec.adapter is not None:
        from harness.engines.hf.adapter import apply_adapter

        if elsewhere := {CPU, DISK} & set(places_of(model)):
            raise InputError(
                f"The adapter {spec.adapter} cannot be put on a model of which parts had room only in "
                f"{' and '.join(sorted(elsewhere))}.",
                "Merge it (`merge: full`) and ask that, or give the model more GPUs.",
            )
        model = apply_adapter(model, Path(spec.adapter), device)
    return LoadedModel(model.eval(), beside)


@contextmanager
def cannot_be_loaded(folder: Path) -> Iterator[None]:
    """Turns what Transformers raises of a model's files into a BadModelError."""
    try:
        yield
    except LOAD_ERRORS as error:
        if reports_out_of_memory(error):
            raise
        refuse_code(folder, "config.json")
        raise BadModelError(
            f"The model in {folder} cannot be loaded: {one_line(error)}",
            "Check that weights and config.json belong together and are complete.",
        ) from error


def check_weights(folder: Path) -> None:
    """Holds a folder's files against its config.json; no weight is read.

    What Transformers cannot load is left to who tries, as its converter may know more.

    Raises:
        BadModelError: tensors are missing, of another shape, or not used.
    """
    try:
        config = load_config(folder)
        _, report = _read(folder, config, torch.float16, device_map={"": torch.device("meta")})
    except LOAD_ERRORS:
        return
    except BadModelError:
        return
    check_loaded(report, folder)


def _read(folder: Path, config: Any, dtype: Any, **options: Any) -> tuple[Any, dict[str, Any]]:
    """The model as Transformers makes it, and what it says of the files."""
    model, report = AutoModelForCausalLM.from_pretrained(
        str(folder),
        config=config,
        dtype=dtype,
        local_files_only=True,
        trust_remote_code=permissions_of(folder).code,
        use_safetensors=None if permissions_of(folder).pickle else True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # which `check_loaded` names and refuses
        **options,
    )
    return model, report


def quantization(spec: EngineSpec, dtype: Any) -> Any:
    """The bitsandbytes configuration for `spec.quantize`, computing in `dtype`; None for none.

    NF4 with double quantization is that of QLoRA (Dettmers et al. 2023, §3).
    """
    if spec.quantize == "nf4":
        return BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=dtype,
        )
    return BitsAndBytesConfig(load_in_8bit=True) if spec.quantize == "int8" else None


def check_blocks(model: Any, device: Any) -> None:
    """Raises BadModelError if 4-bit weights have rows that bitsandbytes cannot run on a CPU."""
    if device.type != "cpu":
        return
    for name, weight in model.named_parameters():
        state = getattr(weight, "quant_state", None)
        if state is not None and state.shape[-1] % state.blocksize:
            raise BadModelError(
                f"bitsandbytes cannot run {name} in 4 bits on a CPU: its rows have "
                f"{state.shape[-1]} weights, which is no multiple of {state.blocksize}.",
                "Use `quantize: int8`, a GPU, or a GGUF quantization for this model.",
            )


def faulty_weight(model: Any) -> FaultyWeight | None:
    """The first weight that holds NaN, or else infinity; None where all are finite.

    Of packed weights the scales are looked at: what is packed is a small integer.
    """
    infinite = None
    for name, weight in weights_in_place(model):
        state = getattr(weight, "quant_state", None)
        parts = [getattr(state, "absmax", None), getattr(state, "offset", None)]
        for part in (weight, *parts, getattr(weight, "SCB", None)):
            if part is None or not part.is_floating_point() or bool(part.isfinite().all()):
                continue
            if bool(part.isnan().any()):
                return FaultyWeight(name, is_nan=True)
            infinite = infinite or FaultyWeight(name, is_nan=False)
    return infinite


def count_parameters(model: Any) -> int:
    """Number of weights, adapter included: on unpacked shapes, tied ones once.

    bitsandbytes packs two 4-bit weights in a byte and keeps the true shape beside them.
    """
    seen = {id(weight): weight for weight in model.parameters()}
    for weight in _tied_elsewhere(model):
        seen.pop(id(weight), None)
    return sum(
        weight.quant_state.shape.numel()
        if getattr(weight, "quant_state", None) is not None
        else weight.numel()
        for weight in seen.values()
    )


def _tied_elsewhere(model: Any) -> list[Any]:
    """Tied weights that had no room: each of them then has a place holder of its own.

    What an adapter trained in their place is worked out and no parameter, and never without room.
    """
    found = []
    for name in dict(getattr(model, "all_tied_weights_keys", None) or {}):
        with suppress(AttributeError):
            found.append(model.get_parameter(name))
    return [weight for weight in found if weight.device.type == "meta"]
