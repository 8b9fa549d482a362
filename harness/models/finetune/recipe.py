"""How a model is fine-tuned, as plain data.

No torch here: the suite's schema mirrors these fields, and the parent process reads them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.errors import InputError
from harness.finetuning import METHODS, Method


@dataclass(frozen=True)
class Recipe:
    """A method of `harness.finetuning` and its settings; those of adapters matter to methods that make one.

    Raises:
        InputError: a value is outside what training can use; the message names the field.
    """

    method: str = "lora"
    rank: int = 16
    alpha: float | None = None
    """Scale of the update, which is `alpha / rank`. None: twice the rank."""
    dropout: float = 0.0
    """Share of the inputs of each adapter that is dropped while training."""
    target_modules: str | tuple[str, ...] = "all-linear"
    """ "all-linear" (every linear layer but the output head), or the ends of layer names."""
    learning_rate: float = 2e-4
    """Peak of the schedule."""
    epochs: float = 3.0
    batch_tokens: int = 2048
    """Tokens of a batch at most, padding included; an example longer than this is a batch."""
    warmup_ratio: float = 0.05
    """Share of the steps in which the learning rate rises linearly."""
    schedule: Literal["cosine", "constant"] = "cosine"
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    """Gradients are scaled down to this L2 norm; 0 leaves them as they are."""
    seed: int = 0
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of the matrix products; adapters, their optimizer and the loss are always float32."""
    gradient_checkpointing: bool = False
    """Recomputes activations in the backward pass: slower, and far less memory."""

    def __post_init__(self) -> None:
        allowed = {
            "method": self.method in METHODS,
            "rank": self.rank >= 1,
            "alpha": self.alpha is None or self.alpha > 0,
            "dropout": 0 <= self.dropout < 1,
            "target_modules": bool(self.target_modules),
            "learning_rate": 0 < self.learning_rate < math.inf,
            "epochs": 0 < self.epochs < math.inf,
            "batch_tokens": self.batch_tokens >= 1,
            "warmup_ratio": 0 <= self.warmup_ratio <= 1,
            "schedule": self.schedule in ("cosine", "constant"),
            "weight_decay": self.weight_decay >= 0,
            "max_grad_norm": self.max_grad_norm >= 0,
            "dtype": self.dtype in ("auto", "float32", "bfloat16"),
        }
        for name, good in allowed.items():
            if not good:
                raise InputError(
                    f"finetune.{name} cannot be {getattr(self, name)!r}.",
                    "See the fields of harness.models.finetune.recipe.Recipe for what each one takes.",
                )

    @property
    def row(self) -> Method:
        """The method's row in the table of methods."""
        return METHODS[self.method]

    @property
    def scale_alpha(self) -> float:
        """`alpha`, or its default of twice the rank."""
        return 2.0 * self.rank if self.alpha is None else self.alpha


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
    reaches, then falls as a half cosine to 0 just after the last step (Loshchilov and Hutter
    2017, arXiv 1608.03983, without restarts).
    """
    warmup = math.ceil(recipe.warmup_ratio * steps)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    if recipe.schedule == "constant":
        return recipe.learning_rate
    progress = (step - warmup) / max(1, steps - warmup)
    return recipe.learning_rate * 0.5 * (1.0 + math.cos(math.pi * progress))


def mean_of_first(values: Sequence[float], share: float = 0.1) -> float:
    """Mean of the first tenth of the values, of one value at least."""
    taken = values[: max(1, round(share * len(values)))]
    return sum(taken) / len(taken)
