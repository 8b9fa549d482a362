"""How each model of a suite comes about, as a chain of facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from harness.records import (
    AdapterStep,
    Cell,
    ConvertStep,
    FinetuneStep,
    LineageStep,
    LoadStep,
    MergeStep,
    Permission,
    QuantizeStep,
    ServedStep,
    ServeStep,
    SourceStep,
)
from harness.suite.lineage import ancestry, at_run_time, is_gguf, last_merge
from harness.suite.schema import FineTune, ModelSpec, Shape, SuiteSpec


def lineage_of(spec: SuiteSpec, name: str) -> tuple[LineageStep, ...]:
    """The steps from the source to a model.

    Args:
        spec: a checked suite.
        name: the model.
    """
    chain = ancestry(spec.models, name)
    return tuple(step for one in chain for step in _steps(spec, one))


def seed_of(finetune: FineTune, default: int) -> int:
    """The seed that a fine-tuning takes; with several seeds the first, the others are replicas'."""
    seed = finetune.seeds[0] if finetune.seeds else finetune.seed
    return default if seed is None else seed


def permissions_of(models: Mapping[str, ModelSpec], name: str) -> tuple[Permission, ...]:
    """What the suite allows of the files that a model descends from."""
    return tuple(
        Permission(model=ancestor, allows=key)
        for ancestor in ancestry(models, name)
        for key in models[ancestor].permissions
    )


def with_type(lineage: Sequence[LineageStep], answered: Sequence[Cell]) -> list[LineageStep]:
    """A lineage with the type that a GGUF file says of itself, where the suite names a file.

    Args:
        lineage: of a model.
        answered: its cells that are ok: their engines have read the file.
    """
    first, *rest = lineage
    read = next((cell.engine for cell in answered if cell.engine.get("engine") == "llamacpp"), None)
    if rest or not isinstance(first, SourceStep) or read is None:
        return list(lineage)
    return [first.model_copy(update={"type": str(read["dtype"])})]


def _steps(spec: SuiteSpec, name: str) -> Iterator[LineageStep]:
    models, model = spec.models, spec.models[name]
    if isinstance(model.source, Shape):
        source = model.source
        yield SourceStep(name=source.architecture, random=True, changed=source.changed)
    elif model.endpoint is not None:
        host = urlsplit(model.endpoint.url).netloc
        yield ServedStep(name=model.endpoint.model, host=host)
    elif model.from_ is None:
        yield SourceStep(name=str(model.source or model.gguf))
    if model.quantize is not None:
        yield LoadStep(type=model.quantize)
    if model.from_ is None:
        return
    merge = last_merge(models, name)
    packed = model.serve is not None and is_gguf(models[model.from_])
    if merge is not None and models[model.from_].merge is None and not packed:
        yield MergeStep(base_precision=merge.precision, trained_on=merge.trained_on)
    if model.finetune is not None:
        seed = seed_of(model.finetune, spec.defaults.seed)
        method = model.finetune.method
        rank = model.finetune.rank if model.finetune.row.makes == "adapter" else None
        yield FinetuneStep(model=name, method=method, rank=rank, seed=seed)
    elif model.adapter is not None:
        yield AdapterStep(name=model.adapter, at_run_time=at_run_time(models, name))
    elif model.gguf is not None:
        yield ConvertStep(type="F16")
        if model.gguf != "F16":
            yield QuantizeStep(type=model.gguf)
    elif model.serve is not None:
        yield ServeStep(server=model.serve.name)
