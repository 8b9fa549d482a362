"""What a fine-tuning did and cost, for whoever reads its artifact."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from harness.engines.process import peak_resident_bytes
from harness.finetuning import ADAPTER_SETTINGS
from harness.models.finetune.loop import StepResult
from harness.models.finetune.recipe import Recipe, mean_of_first
from harness.records import Training, TrainingExample, TrainingPoint

CURVE_POINTS = 200
"""Most steps of the loss curve that are kept."""


def record_of(
    recipe: Recipe,
    rows: list[TrainingExample],
    results: list[StepResult],
    points: list[TrainingPoint],
    seconds: float,
    tuned: Any,
    total_parameters: int,
    dtype: torch.dtype,
) -> Training:
    """The record of a training that came to its end.

    Args:
        recipe: it was trained by.
        rows: all examples.
        results: of its steps, in order.
        points: its loss curve, a point a step.
        seconds: that these took.
        tuned: the trained model.
        total_parameters: of the base, counted on unpacked shapes.
        dtype: of the matrix products.
    """
    losses = [result.loss for result in results]
    return Training(
        method=recipe.method,
        steps=len(results),
        examples=len(rows),
        epochs=recipe.epochs,
        tokens=sum(result.tokens for result in results),
        answer_tokens=sum(result.answer_tokens for result in results),
        seconds=seconds,
        first_loss=mean_of_first(losses),
        final_loss=mean_of_first(losses[::-1]),
        trainable_parameters=sum(p.numel() for p in tuned.parameters() if p.requires_grad),
        total_parameters=total_parameters,
        peak_resident_bytes=peak_resident_bytes(),
        hyperparameters={
            **_adapter_settings(recipe),
            "learning_rate": recipe.learning_rate,
            "batch_tokens": recipe.batch_tokens,
            "warmup_ratio": recipe.warmup_ratio,
            "schedule": recipe.schedule,
            "weight_decay": recipe.weight_decay,
            "max_grad_norm": recipe.max_grad_norm,
            "seed": recipe.seed,
            "dtype": str(dtype).removeprefix("torch."),
            "gradient_checkpointing": recipe.gradient_checkpointing,
        },
        curve=_thinned(points),
    )


def _adapter_settings(recipe: Recipe) -> dict[str, Any]:
    if recipe.row.makes != "adapter":
        return {}
    settings = {name: getattr(recipe, name) for name in ADAPTER_SETTINGS}
    return {**settings, "alpha": recipe.scale_alpha}


def _thinned(points: list[TrainingPoint]) -> list[TrainingPoint]:
    """Every step, or `CURVE_POINTS` of them evenly, the first and the last included."""
    if len(points) <= CURVE_POINTS:
        return points
    return [points[round(i)] for i in np.linspace(0, len(points) - 1, CURVE_POINTS)]
