"""What a comparison compares, and which models repeat others: told by how they were made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from harness.records import (
    Comparison,
    ConvertStep,
    LineageStep,
    LoadStep,
    MergeStep,
    ModelSummary,
    QuantizeStep,
    ServeStep,
    SourceStep,
    Summary,
)
from harness.reporting.compared import compared

ComparisonKind = Literal["fine-tuning", "quantization", "other"]

_FLOATS = {"BF16", "F16", "F32"}


def precision(model: ModelSummary) -> str | None:
    """The type that the weights were last turned into ("Q4_K_M", "F16", "NF4"), if any."""
    found = None
    for step in model.lineage:
        match step:
            case LoadStep() | ConvertStep() | QuantizeStep() | SourceStep() if step.type:
                found = step.type.upper()
    return found


def is_quantized(model: ModelSummary) -> bool:
    """Whether the weights have fewer bits than a 16-bit float."""
    return precision(model) not in {None, *_FLOATS}


def stem(model: ModelSummary) -> tuple[LineageStep, ...]:
    """The steps that decide what a model knows: neither its packaging nor its precision."""
    return tuple(step for step in model.lineage if _teaches(step))


def _teaches(step: LineageStep) -> bool:
    match step:
        case LoadStep() | ConvertStep() | QuantizeStep():
            return False
        case MergeStep():
            return not step.is_packaging
        case _:
            return True


def _is_served(model: ModelSummary) -> bool:
    """Whether a server was started for it."""
    return any(isinstance(step, ServeStep) for step in model.lineage)


def kind(baseline: ModelSummary, candidate: ModelSummary) -> ComparisonKind:
    """What lies between two models.

    Fine-tuning: the candidate was trained, and descends from the baseline at the same precision.
    Quantization: the same knowledge at another precision, and not both are floats.
    """
    if _is_served(baseline) != _is_served(candidate):
        return "other"
    quantized = is_quantized(baseline) or is_quantized(candidate)
    if quantized and stem(baseline) == stem(candidate):
        return "quantization" if precision(baseline) != precision(candidate) else "other"
    before, after = stem(baseline), stem(candidate)
    descends = after[: len(before)] == before and len(after) > len(before)
    if candidate.training is not None and descends:
        return "fine-tuning" if precision(baseline) == precision(candidate) else "other"
    return "other"


def kinds(summary: Summary) -> dict[tuple[str, str, str], ComparisonKind]:
    """The kind of each (comparison name, baseline, candidate).

    A candidate that could not be made has left no training behind; it counts as what the other
    candidates of its comparison are, where those agree.
    """
    pairs = {(c.name, c.baseline, c.candidate) for c in summary.comparisons}
    found: dict[tuple[str, str, str], ComparisonKind] = {}
    for name, baseline, candidate in pairs:
        known = baseline in summary.models and candidate in summary.models
        found[name, baseline, candidate] = (
            kind(summary.models[baseline], summary.models[candidate]) if known else "other"
        )
    for name, baseline, candidate in pairs:
        model = summary.models.get(candidate)
        if model is not None and model.error is not None:
            made: set[ComparisonKind] = {
                found[key]
                for key in pairs
                if key[:2] == (name, baseline) and summary.models[key[2]].error is None
            }
            if len(made) == 1:
                found[name, baseline, candidate] = made.pop()
    return found


def of_kind(summary: Summary, wanted: ComparisonKind) -> list[Comparison]:
    """The differences of one kind that mean something, in the order of the summary."""
    by_pair = kinds(summary)
    return [c for c in compared(summary) if by_pair[c.name, c.baseline, c.candidate] == wanted]


def ladders(models: Mapping[str, ModelSummary]) -> list[list[str]]:
    """Groups of models that differ in precision alone, each from the most bits to the fewest.

    A group has at least two rungs, one of them quantized. Models as they were trained (no step
    that set a precision) are no rungs: their files are made of other parts.
    """
    groups: list[tuple[tuple[LineageStep, ...], list[str]]] = []
    for name, model in models.items():
        if precision(model) is not None:
            of = stem(model)
            group = next((names for other, names in groups if other == of), None)
            if group is None:
                groups.append((of, [name]))
            else:
                group.append(name)
    return [
        sorted(names, key=lambda n: _bits_then_bytes(models[n]), reverse=True)
        for _, names in groups
        if len(names) > 1 and any(is_quantized(models[n]) for n in names)
    ]


def _bits_then_bytes(model: ModelSummary) -> tuple[float, float]:
    return (model.bits_per_weight or 0.0, float(model.bytes or 0))


def families(summary: Summary) -> dict[str, list[str]]:
    """The models whose fine-tuning was repeated, each with its replicas, in the suite's order."""
    found: dict[str, list[str]] = {}
    for name, of in summary.models.items():
        if of.replica_of in summary.models:
            found.setdefault(of.replica_of, []).append(name)
    return found


def without_replicas(summary: Summary) -> Summary:
    """The summary as its main tables show it: each fine-tuning once."""
    replicas = {name for group in families(summary).values() for name in group}
    kept = [name for name in summary.models if name not in replicas]
    return only(summary, kept) if replicas else summary


def only(summary: Summary, names: Collection[str]) -> Summary:
    """The summary with some of its models alone."""
    models = {name: of for name, of in summary.models.items() if name in names}
    cells = [cell for cell in summary.cells if cell.model in names]
    return summary.model_copy(update={"models": models, "cells": cells})
