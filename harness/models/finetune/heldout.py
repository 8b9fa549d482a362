"""How a model does on the examples that it does not learn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from harness.models.finetune.batches import answer_losses
from harness.models.finetune.order import plan_steps
from harness.models.finetune.rows import PADDED, Rows
from harness.records import TrainingExample


@dataclass(frozen=True)
class HeldOut:
    """Examples that are held out of training, in batches.

    Attributes:
        examples: in order.
        batches: their indices, of like length side by side.
        names: of the tasks and files that examples come from, by number.
    """

    examples: Sequence[TrainingExample]
    batches: Sequence[Sequence[int]]
    names: Sequence[str]

    @classmethod
    def of(
        cls, examples: Sequence[TrainingExample], batch_tokens: int, names: Sequence[str]
    ) -> HeldOut:
        """Fills batches of so many tokens."""
        lengths = [len(example) for example in examples]
        steps = plan_steps(lengths, batch_tokens, 1.0, np.random.default_rng(0))
        return cls(examples, [batch for step in steps for batch in step], names)

    @property
    def answer_tokens(self) -> int:
        """Tokens that the loss is computed on."""
        return sum(len(example.target_ids) for example in self.examples)

    def losses(
        self, model: Any, device: torch.device, dtype: torch.dtype, rows: Rows = PADDED
    ) -> list[float]:
        """The sum of the cross-entropy (nats) of each example's answer tokens."""
        sums = [0.0] * len(self.examples)
        model.eval()
        with (
            torch.no_grad(),
            torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16),
        ):
            for batch in self.batches:
                made = rows.make([self.examples[i] for i in batch], device)
                found = answer_losses(model, made).double()
                total = torch.zeros(len(batch), dtype=torch.float64, device=device)
                total.index_add_(0, made.owners, found)
                for index, value in zip(batch, total.tolist(), strict=True):
                    sums[index] = value
        model.train()
        return sums

    def mean(self, sums: Sequence[float]) -> float:
        """Mean over all answer tokens."""
        return math.fsum(sums) / self.answer_tokens

    def parts(self, sums: Sequence[float]) -> dict[str, float]:
        """The mean of each task and file, where examples come from several."""
        numbers = sorted({example.part for example in self.examples})
        if len(numbers) < 2:
            return {}
        found: dict[str, float] = {}
        for number in numbers:
            own = [i for i, example in enumerate(self.examples) if example.part == number]
            tokens = sum(len(self.examples[i].target_ids) for i in own)
            name = self.names[number] if number < len(self.names) else str(number)
            found[name] = math.fsum(sums[i] for i in own) / tokens
        return found

    def rise(self, lowest: Sequence[float], last: Sequence[float]) -> tuple[float, float]:
        """How much higher the loss is in the end than it was, per token, and its standard error.

        Examples are the clusters: the error of a ratio estimator (Cochran 1977, section 6.4), sqrt(m / (m - 1) * sum((d - r * n)²)) / sum(n)
        of m examples with differences d and n tokens each, where r = sum(d) / sum(n).
        """
        tokens = np.array([len(example.target_ids) for example in self.examples], dtype=np.float64)
        differences = np.asarray(last) - np.asarray(lowest)
        ratio = float(differences.sum() / tokens.sum())
        count = len(tokens)
        if count < 2:
            return ratio, math.inf
        spread = float(((differences - ratio * tokens) ** 2).sum()) * count / (count - 1)
        return ratio, math.sqrt(spread) / float(tokens.sum())
