"""How a model is fine-tuned, as plain data.

No torch here: the suite's schema mirrors these fields, and the parent process reads them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from harness.errors import InputError
from harness.finetuning import INITIALIZATIONS, METHODS, Method

Schedule = Literal["cosine", "linear", "constant"]
Optimizer = Literal["auto", "adamw", "paged_adamw", "paged_adamw_8bit"]
Dtype = Literal["auto", "float32", "bfloat16"]


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
    initialization: str = "default"
    """What adapters begin with: a row of `INITIALIZATIONS`."""
    modules_to_save: tuple[str, ...] = ()
    """Ends of names of layers that are trained whole, and saved with the adapter."""
    rank_pattern: Mapping[str, int] = field(default_factory=dict)
    """Ranks of layers by the ends of their names, where they are not `rank`."""
    alpha_pattern: Mapping[str, float] = field(default_factory=dict)
    """The same of `alpha`."""
    learning_rate: float = 2e-4
    """Peak of the schedule."""
    epochs: float = 3.0
    batch_tokens: int = 2048
    """Tokens of a batch at most, padding included; an example longer than this is a batch."""
    accumulate: int = 1
    """Batches of an optimizer step; its loss is the mean over the answer tokens of all of them."""
    packing: bool = False
    """Puts the examples of a batch into one row without padding; none attends to another."""
    warmup_ratio: float = 0.05
    """Share of the steps in which the learning rate rises linearly."""
    schedule: Schedule = "cosine"
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    """Gradients are scaled down to this L2 norm; 0 leaves them as they are."""
    optimizer: Optimizer = "auto"
    """auto: AdamW, whose state is paged out of a GPU's memory where QLoRA trains on one."""
    validation: float = 0.05
    """Examples that are held out of training to tell how it goes: a share below 1, or how many."""
    validations: float = 2.0
    """How often they are asked in a pass over the training examples."""
    early_stopping: int = 0
    """Validations in a row without a lower loss, after which training ends; 0: never."""
    weights: tuple[float, ...] = ()
    """How often the examples of each task and file are learned in a pass; without, all once."""
    seed: int = 0
    dtype: Dtype = "auto"
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
            "initialization": self.initialization in INITIALIZATIONS,
            "rank_pattern": all(rank >= 1 for rank in self.rank_pattern.values()),
            "alpha_pattern": all(alpha > 0 for alpha in self.alpha_pattern.values()),
            "learning_rate": 0 < self.learning_rate < math.inf,
            "epochs": 0 < self.epochs < math.inf,
            "batch_tokens": self.batch_tokens >= 1,
            "accumulate": self.accumulate >= 1,
            "warmup_ratio": 0 <= self.warmup_ratio <= 1,
            "schedule": self.schedule in get_args(Schedule),
            "weight_decay": 0 <= self.weight_decay < math.inf,
            "max_grad_norm": 0 <= self.max_grad_norm < math.inf,
            "optimizer": self.optimizer in get_args(Optimizer),
            "validation": 0 <= self.validation < math.inf,
            "validations": 0 < self.validations < math.inf,
            "early_stopping": self.early_stopping >= 0,
            "weights": all(0 <= weight < math.inf for weight in self.weights),
            "dtype": self.dtype in get_args(Dtype),
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
