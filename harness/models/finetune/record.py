"""What a fine-tuning did and cost, for whoever reads its artifact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from harness.finetuning import ADAPTER_SETTINGS
from harness.models.finetune.curve import Interruption
from harness.models.finetune.heldout import HeldOut
from harness.models.finetune.loop import Loop
from harness.models.finetune.recipe import Recipe
from harness.records import Training, TrainingPoint, Validation

CURVE_POINTS = 200
"""Most steps of the loss curve that are kept."""


def record_of(
    recipe: Recipe,
    loop: Loop,
    held_out: HeldOut | None,
    learned: int,
    total_parameters: int,
    dtype: torch.dtype,
    memory: Mapping[str, int],
    peak: int,
    energy: float | None,
    interrupted: Sequence[Interruption],
) -> Training:
    """The record of a training that came to its end.

    Args:
        recipe: it was trained by.
        loop: that trained it.
        learned: how many examples.
        total_parameters: of the base, counted on unpacked shapes.
        dtype: of the matrix products.
        memory: bytes at the peak of each phase.
        peak: of the whole.
        energy: joules, where they are known.
        interrupted: the attempts before.
    """
    done = loop.done
    losses = [point.loss for point in done.points]
    return Training(
        method=recipe.method,
        steps=len(done.points),
        examples=learned,
        epochs=recipe.epochs,
        tokens=done.tokens,
        answer_tokens=done.answer_tokens,
        seconds=done.seconds,
        first_loss=mean_of_first(losses),
        final_loss=mean_of_first(losses[::-1]),
        trainable_parameters=sum(p.numel() for p in loop.model.parameters() if p.requires_grad),
        total_parameters=total_parameters,
        peak_resident_bytes=peak,
        hyperparameters=_hyperparameters(recipe, loop, dtype),
        curve=_thinned(done.points),
        interrupted=[one.last for one in interrupted],
        resumed=[one.resumed for one in interrupted],
        validation=None if held_out is None else _validation(loop, held_out),
        memory=dict(memory),
        energy_joules=energy,
        notes=[loop.note] if loop.note else [],
    )


def mean_of_first(values: Sequence[float], share: float = 0.1) -> float:
    """Mean of the first tenth of the values, of one value at least."""
    taken = values[: max(1, round(share * len(values)))]
    return sum(taken) / len(taken)


def _validation(loop: Loop, held_out: HeldOut) -> Validation:
    done = loop.done
    rise = error = None
    if done.validations[-1].step != done.kept:
        rise, error = held_out.rise(done.lowest, done.last)
    return Validation(
        examples=len(held_out.examples),
        answer_tokens=held_out.answer_tokens,
        points=done.validations,
        kept=done.kept,
        stopped=done.stopped,
        seconds=done.validation_seconds,
        rise=rise,
        rise_error=error,
    )


def _hyperparameters(recipe: Recipe, loop: Loop, dtype: torch.dtype) -> dict[str, Any]:
    always = {
        "learning_rate": recipe.learning_rate,
        "batch_tokens": recipe.batch_tokens,
        "warmup_ratio": recipe.warmup_ratio,
        "schedule": recipe.schedule,
        "optimizer": loop.optimizer_name,
        "weight_decay": recipe.weight_decay,
        "max_grad_norm": recipe.max_grad_norm,
        "seed": recipe.seed,
        "dtype": str(dtype).removeprefix("torch."),
        "gradient_checkpointing": recipe.gradient_checkpointing,
    }
    usual = Recipe()
    seldom = {
        name: getattr(recipe, name)
        for name in ("accumulate", "packing", "early_stopping")
        if getattr(recipe, name) != getattr(usual, name)
    }
    return {**_adapter_settings(recipe), **always, **seldom}


def _adapter_settings(recipe: Recipe) -> dict[str, Any]:
    if recipe.row.makes != "adapter":
        return {}
    settings = {name: getattr(recipe, name) for name in ADAPTER_SETTINGS}
    unusual = {name: value for name, value in settings.items() if value != getattr(Recipe(), name)}
    always = {name: settings[name] for name in ("rank", "dropout", "target_modules")}
    return {**always, **unusual, "alpha": recipe.scale_alpha}


def _thinned(points: list[TrainingPoint]) -> list[TrainingPoint]:
    """Every step, or `CURVE_POINTS` of them evenly, the first and the last included."""
    if len(points) <= CURVE_POINTS:
        return points
    return [points[round(i)] for i in np.linspace(0, len(points) - 1, CURVE_POINTS)]
