"""What there is to hand on of a model: the entries that a suite would have for each of its forms."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from harness.errors import InputError
from harness.nearest import nearest
from harness.suite.lineage import at_run_time, is_gguf, merge_of
from harness.suite.reader import Suite
from harness.suite.schema import ModelSpec

USUAL_TYPES = ("F16", "Q4_K_M")
"""GGUFs that are made where neither the command nor the suite says which."""


@dataclass(frozen=True)
class Wanted:
    """The forms of a model, by the entries that stand for them in a suite of its own.

    Attributes:
        suite: the user's, with these entries beside its own.
        adapter: the entry whose adapter is handed on; "" for none.
        weights: the entry that holds the weights in one piece; "" for none.
        ggufs: entries by type.
        lent: the entry that has the adapter as a GGUF; "" for none.
    """

    suite: Suite
    adapter: str = ""
    weights: str = ""
    ggufs: tuple[tuple[str, str], ...] = ()
    lent: str = ""

    @property
    def entries(self) -> list[str]:
        """All of them."""
        return [
            name for name in (self.weights, *(entry for _, entry in self.ggufs), self.lent) if name
        ]


def wanted(suite: Suite, name: str, types: Sequence[str], known: Collection[str]) -> Wanted:
    """The forms of a model of the suite.

    Args:
        types: of GGUFs; none: those that the suite makes of it, or `USUAL_TYPES`.
        known: types that there are.

    Raises:
        InputError: there is no such model or type, or it is nothing that can be handed on.
    """
    models = suite.spec.models
    if name not in models:
        raise InputError(f"there is no model `{name}`", nearest(name, set(models)))
    for type_ in types:
        if type_ not in known:
            raise InputError(f"unknown GGUF type `{type_}`", nearest(type_, set(known)))
    spec = models[name]
    if spec.endpoint is not None or spec.serve is not None:
        raise InputError(f"`{name}` is served; its files are not here", "Name another model.")
    if is_gguf(spec) or at_run_time(models, name):
        if types:
            raise InputError(
                f"`{name}` is a GGUF already, and no other type is made from one",
                f"Export `{spec.from_}`, which it was made from." if spec.from_ else "",
            )
        return Wanted(suite, ggufs=((str(spec.gguf or ""), name),))
    if spec.quantize is not None:
        raise InputError(
            f"`{name}` is quantized while it is loaded", "Export it without `quantize`."
        )
    return _made(suite, name, tuple(types) or _types_of(suite, name))


def _types_of(suite: Suite, name: str) -> tuple[str, ...]:
    own = [model.gguf for model in suite.spec.models.values() if model.from_ == name and model.gguf]
    return tuple(dict.fromkeys(own)) or USUAL_TYPES


def _made(suite: Suite, name: str, types: tuple[str, ...]) -> Wanted:
    """The suite with an entry for each form that it has none for."""
    models = dict(suite.spec.models)
    spec, adapter, weights, lent = models[name], "", name, ""
    merge = merge_of(models, name)
    if spec.has_adapter and merge is not None:
        adapter = name
        weights = _entry(models, name, "merged", ModelSpec(from_=name, merge=merge.precision))
        plain = ModelSpec(from_=spec.from_, gguf="F16")
        below = _entry(models, str(spec.from_), "F16", plain)
        lent = _entry(models, name, "lent", ModelSpec(from_=below, adapter=name))
    ggufs = tuple(
        (type_, _entry(models, name, type_, ModelSpec(from_=name, gguf=type_))) for type_ in types
    )
    spec_of_all = suite.spec.model_copy(update={"models": models})
    return Wanted(replace(suite, spec=spec_of_all), adapter, weights, ggufs, lent)


def _entry(models: dict[str, ModelSpec], name: str, form: str, spec: ModelSpec) -> str:
    """The name of an entry for a form: one that the suite has, or one that is added."""
    for known, other in models.items():
        if (other.from_, other.gguf, other.merge, other.adapter) == (
            spec.from_, spec.gguf, spec.merge, spec.adapter,
        ) and other.finetune is None:  # fmt: skip
            return known
    entry = f"{name}.{form}"
    while entry in models:
        entry += "_"
    models[entry] = spec
    return entry
