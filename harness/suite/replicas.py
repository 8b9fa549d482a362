"""Fine-tunings with several seeds: one entry of a suite becomes a model for each seed."""

from __future__ import annotations

from collections.abc import Mapping

from harness.suite.schema import ModelSpec, SuiteSpec


def replica_name(model: str, seed: int) -> str:
    """What the model is called that repeats a fine-tuning with another seed."""
    return f"{model}.seed{seed}"


def replicas(models: Mapping[str, ModelSpec], model: str) -> dict[int, str]:
    """The models that a fine-tuning with several seeds makes, by seed, the model itself first.

    Empty where there is one seed.
    """
    spec = models.get(model)
    if spec is None or spec.finetune is None or spec.finetune.seeds is None:
        return {}
    first, *others = spec.finetune.seeds
    return {first: model, **{seed: replica_name(model, seed) for seed in others}}


def replica_of(models: Mapping[str, ModelSpec]) -> dict[str, str]:
    """Each replica's name, and the model that it repeats."""
    return {
        name: model
        for model in models
        for name in replicas(models, model).values()
        if name != model and name in models
    }


def with_replicas(spec: SuiteSpec) -> SuiteSpec:
    """A suite with a model for every further seed, behind the model that it repeats."""
    models: dict[str, ModelSpec] = {}
    for name, model in spec.models.items():
        models[name] = model
        for seed, replica in replicas(spec.models, name).items():
            if replica != name and model.finetune is not None:
                finetune = model.finetune.model_copy(update={"seed": seed, "seeds": None})
                models[replica] = model.model_copy(update={"finetune": finetune})
    return spec.model_copy(update={"models": models})
