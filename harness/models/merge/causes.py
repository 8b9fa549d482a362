"""Why a merged model is not its base and adapter: read from the weights, tensor by tensor.

A merged tensor is held against every way in which it can have come about: the base's own value
or its NF4 value, with the adapter's change or without. One that was saved in 16 bits is within
half a unit in the last place of the one it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from peft.tuners.tuners_utils import BaseTunerLayer
from peft.utils import ModulesToSaveWrapper
from safetensors import safe_open

from harness.engines.hf.adapter import apply_adapter
from harness.engines.weight_files import weight_files
from harness.models.finetune.base_model import (
    frozen_linears,
    load_base,
    stored_dtype,
    through_nf4,
)

_TYPES = {"F32": torch.float32, "BF16": torch.bfloat16}
_HALF_ULP = 0.55
"""Half a unit in the last place, and a little for sums taken in another order."""
_SCALE_ERROR = 0.05
"""The relative error that a factor may have: it is told to two or three digits."""
Derivation = tuple[Literal["full", "nf4"], bool]
"""Which value of the base a tensor was made from, and whether the adapter's change was added to it."""
CauseName = Literal[
    "rounding", "not-applied", "other-base", "full-base", "nf4-base", "scaled", "other-change"
]


@dataclass(frozen=True)
class Cause:
    """What is wrong with a merge, by name and in a sentence."""

    name: CauseName
    words: str


@dataclass(frozen=True)
class _Weight:
    """A tensor of the merged model, and what it could have been derived from."""

    name: str
    merged: torch.Tensor
    derivations: dict[Derivation, torch.Tensor]
    touched: bool
    """Whether the adapter changes this tensor."""

    def fitting(self, dtype: torch.dtype) -> set[Derivation]:
        """The ways in which it can have come about."""
        return {
            derivation
            for derivation, value in self.derivations.items()
            if _is_rounded(self.merged, value, dtype)
        }


@dataclass(frozen=True)
class _Scale:
    """How much of the adapter's change is in one tensor: least squares, and whether that is all."""

    factor: float
    exact: bool


def find_cause(
    base: Path, adapter: Path, merged: Path, trained_on: Literal["full", "nf4"]
) -> Cause:
    """Names what is wrong with a merged model.

    Args:
        base: the folder that the merge should have begun from.
        adapter: the adapter that should have been merged.
        merged: what came out.
        trained_on: whether the adapter was trained on the base's weights or on their NF4 values.
    """
    types = _stored_types(merged)
    others, untouched, touched = [], 0, 0
    bare, wrong, fits = [], [], set[Derivation]()
    scales: list[_Scale] = []
    for weight in _weights(base, adapter, merged):
        dtype = types.get(weight.name, torch.float16)
        found = weight.fitting(dtype)
        if not weight.touched:
            untouched += 1
            if not found:
                others.append(weight.name)
            continue
        fits = found if not touched else fits & found
        touched += 1
        applied = {one for one in found if one[1]}
        if found and not applied:
            bare.append(weight.name)
        if not found:
            wrong.append(weight.name)
            scales.append(_scale(weight, trained_on, dtype))
    if others:
        return Cause(
            "other-base",
            f"Merged into another base: {len(others)} of {untouched} tensors that the adapter "
            f"does not touch are not the base's, such as {others[0]}.",
        )
    if bare:
        some = f" to {len(bare)} of {touched} tensors, such as {bare[0]}."
        alone = ": the merged weights are the base's alone."
        extent = alone if len(bare) == touched else some
        return Cause("not-applied", f"The adapter was not applied{extent}")
    if wrong:
        return _other_change(wrong, touched, scales)
    return _by_base(fits, trained_on)


def _other_change(wrong: list[str], touched: int, scales: list[_Scale]) -> Cause:
    """Where tensors are not base + scale * B @ A (Hu et al. 2021, arXiv 2106.09685, eq. 3)."""
    factors = [scale.factor for scale in scales]
    alike = max(factors) - min(factors) <= _SCALE_ERROR * abs(factors[0])
    if len(wrong) == touched and alike and all(scale.exact for scale in scales):
        words = f"The adapter was merged at {factors[0]:.3g} times its scale (alpha / rank)."
        return Cause("scaled", words)
    return Cause(
        "other-change",
        f"Another adapter or another base was merged: {len(wrong)} of {touched} tensors are not "
        f"base + scale * B @ A, such as {wrong[0]}.",
    )


def _by_base(fits: set[Derivation], trained_on: Literal["full", "nf4"]) -> Cause:
    if (trained_on, True) in fits:
        words = "Every tensor is base + adapter as it should be: rounding it to 16 bits does this."
        return Cause("rounding", words)
    if trained_on == "nf4":
        return Cause(
            "full-base",
            "Merged into the full-precision base, although the adapter was trained on the NF4 "
            "values of it.",
        )
    return Cause(
        "nf4-base",
        "Merged into NF4 values of the base, although the adapter was trained on the base in full "
        "precision.",
    )


def _weights(base: Path, adapter: Path, merged: Path) -> Iterator[_Weight]:
    """Every tensor of the merged model, one at a time but for the two models: the base in float32, the other as it is stored."""
    model = load_base(base)
    names = {id(weight): name for name, weight in model.named_parameters()}
    linears = {id(linear.weight) for linear in frozen_linears(model)}
    adapted = apply_adapter(model, adapter, torch.device("cpu"))
    theirs = dict(load_base(merged, stored_dtype(merged)).named_parameters())
    seen: set[str] = set()
    for module in adapted.modules():
        if isinstance(module, BaseTunerLayer):
            weight = module.get_base_layer().weight
            name = names[id(weight)]
            derivations = _tuned(module, weight, id(weight) in linears)
        elif isinstance(module, ModulesToSaveWrapper):
            weight = module.original_module.weight
            name = names[id(weight)]
            saved = module.modules_to_save[module.active_adapters[0]].weight
            derivations = {("full", False): weight.data, ("full", True): saved.data}
        else:
            continue
        seen.add(name)
        yield _Weight(name, theirs[name].data, derivations, touched=True)
    originals = {names[id(w)]: w for w in adapted.parameters() if id(w) in names}
    for name, weight in originals.items():
        if name not in seen:
            derivations = {("full", False): weight.data}
            if id(weight) in linears:
                derivations["nf4", False] = through_nf4(weight.data)
            yield _Weight(name, theirs[name].data, derivations, touched=False)


def _tuned(
    module: Any, weight: torch.nn.Parameter, is_linear: bool
) -> dict[Derivation, torch.Tensor]:
    """What PEFT makes of a layer's weight, on the base's value and on its NF4 value."""
    original = weight.data
    values: dict[Literal["full", "nf4"], torch.Tensor] = {"full": original.clone()}
    if is_linear:
        values["nf4"] = through_nf4(original)
    derivations: dict[Derivation, torch.Tensor] = {}
    for which, value in values.items():
        weight.data = value.clone()
        module.merge()
        derivations[which, False], derivations[which, True] = value, weight.data.clone()
        module.unmerge()
    weight.data = original
    return derivations


def _is_rounded(merged: torch.Tensor, value: torch.Tensor, dtype: torch.dtype) -> bool:
    """Whether a tensor is another, rounded to `dtype`."""
    if merged.shape != value.shape:
        return False
    limits = torch.finfo(dtype)
    allowed = _HALF_ULP * limits.eps * value.abs() + limits.smallest_normal * limits.eps
    return bool(((merged - value).abs() <= allowed).all())


def _scale(weight: _Weight, trained_on: Literal["full", "nf4"], dtype: torch.dtype) -> _Scale:
    which: Literal["full", "nf4"] = (
        trained_on if (trained_on, True) in weight.derivations else "full"
    )
    start = weight.derivations[which, False].double()
    change = weight.derivations[which, True].double() - start
    if weight.merged.shape != start.shape or not bool(change.any()):
        return _Scale(0.0, False)
    found = weight.merged.double() - start
    factor = float((found * change).sum() / (change * change).sum())
    left = float((found - factor * change).norm())
    rounding = torch.finfo(dtype).eps * float(weight.merged.double().norm())
    return _Scale(factor, left <= _SCALE_ERROR * abs(factor) * float(change.norm()) + rounding)


def _stored_types(merged: Path) -> dict[str, torch.dtype]:
    """The type that each tensor was saved in."""
    types: dict[str, torch.dtype] = {}
    for file in weight_files(merged):
        if file.suffix == ".safetensors":
            with safe_open(str(file), framework="pt") as tensors:
                for name in tensors.keys():  # noqa: SIM118 (not a mapping)
                    types[name] = _TYPES.get(tensors.get_slice(name).get_dtype(), torch.float16)
    return types
