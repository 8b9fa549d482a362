"""Learning rates: a peak that fits the model, and how it rises and falls over the steps."""

from __future__ import annotations

import math

from harness.finetuning import Method
from harness.models.finetune.recipe import Recipe


def default_learning_rate(hidden_size: int, method: Method) -> float:
    """A peak learning rate that fits most decoders: for LoRA 5e-4 * (2000 / width) ** 0.78.

    Ten times what full fine-tuning takes, falling with the width, as fitted over Llama models in
    "LoRA Without Regret" (Schulman et al. 2025, Thinking Machines Lab). It gives 2.5e-3 at width
    256 and 2.9e-4 at 4096. Other methods take their share of it (`Method.learning_rate`).
    """
    return method.learning_rate * 5e-4 * math.pow(2000 / hidden_size, 0.78)


def learning_rate_at(recipe: Recipe, step: int, steps: int) -> float:
    """Learning rate of a step (counted from 0) of so many.

    Rises linearly to the peak over the first `warmup_ratio` of the steps, which the last of them
    reaches. Then `constant` stays there, and the others fall to 0 just after the last step:
    `linear` in a line, `cosine` as a half cosine (Loshchilov and Hutter 2017, arXiv 1608.03983,
    without restarts).
    """
    warmup = math.ceil(recipe.warmup_ratio * steps)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    match recipe.schedule:
        case "constant":
            return recipe.learning_rate
        case "linear":
            return recipe.learning_rate * (1.0 - progress)
        case "cosine":
            return recipe.learning_rate * 0.5 * (1.0 + math.cos(math.pi * progress))
