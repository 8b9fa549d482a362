"""The optimizer loop: batches of examples in, one result a step out.

Two things make it faster than a general trainer: examples of like length share a batch, so there
is little padding; and the output head, which in a small model is a large part of the work, sees
only the positions whose next token is learned.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from harness.engines.hf.load import faulty_weight
from harness.errors import BadModelError
from harness.models.finetune.recipe import Recipe, learning_rate_at
from harness.records import TrainingExample


@dataclass(frozen=True)
class StepResult:
    """One optimizer step. `loss` is the mean over its answer tokens, before the step, in nats."""

    loss: float
    learning_rate: float
    examples: int
    tokens: int
    answer_tokens: int
    seconds: float
    """Since training began."""


@dataclass(frozen=True)
class TrainingBatch:
    """Examples side by side, padded on the right.

    Attributes:
        ids: (examples, longest) token ids; padding is 0 and, the model being causal, unseen.
        rows, columns: (answer tokens,) the positions whose next token is an answer token.
        labels: (answer tokens,) those next tokens.
    """

    ids: torch.Tensor
    rows: torch.Tensor
    columns: torch.Tensor
    labels: torch.Tensor


def make_batch(examples: Sequence[TrainingExample], device: torch.device) -> TrainingBatch:
    """Pads examples to the longest and finds their answer positions."""
    ids = torch.zeros((len(examples), max(map(len, examples))), dtype=torch.long)
    rows: list[int] = []
    columns: list[int] = []
    labels: list[int] = []
    for row, example in enumerate(examples):
        ids[row, : len(example)] = torch.tensor(example.prompt_ids + example.target_ids)
        first = len(example.prompt_ids) - 1
        rows += [row] * len(example.target_ids)
        columns += range(first, first + len(example.target_ids))
        labels += example.target_ids
    return TrainingBatch(
        ids.to(device),
        torch.tensor(rows, device=device),
        torch.tensor(columns, device=device),
        torch.tensor(labels, device=device),
    )


def answer_loss(model: Any, batch: TrainingBatch) -> torch.Tensor:
    """Mean cross-entropy (nats) of a batch's answer tokens; the head sees their positions only."""
    with _head_on(model, batch):
        logits = model(input_ids=batch.ids, use_cache=False).logits
    return functional.cross_entropy(logits.float(), batch.labels)


@contextmanager
def _head_on(model: Any, batch: TrainingBatch) -> Iterator[None]:
    """Lets only the answer positions through to the output head, as (answer tokens, hidden).

    What a model does to logits after its head (scaling, soft caps) is left to it.
    """

    def select(_head: Any, inputs: tuple[torch.Tensor]) -> tuple[torch.Tensor]:
        return (inputs[0][batch.rows, batch.columns],)

    handle = model.get_output_embeddings().register_forward_pre_hook(select)
    try:
        yield
    finally:
        handle.remove()


def train(
    model: Any, steps: Sequence[Sequence[TrainingExample]], recipe: Recipe, dtype: torch.dtype
) -> Iterator[StepResult]:
    """One AdamW step for each batch (Loshchilov and Hutter 2019, arXiv 1711.05101).

    Raises:
        BadModelError: the loss is not finite, or a weight at the end.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    device = weights[0].device
    optimizer = torch.optim.AdamW(
        weights, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    model.train()
    started = time.perf_counter()
    for number, examples in enumerate(steps):
        batch = make_batch(examples, device)
        with torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16):
            loss = answer_loss(model, batch)
        value = loss.item()
        if not math.isfinite(value):
            raise _not_finite(value, number, recipe, model)
        loss.backward()  # type: ignore[no-untyped-call,unused-ignore]
        if recipe.max_grad_norm > 0:
            torch.nn.utils.clip_grad_norm_(weights, recipe.max_grad_norm)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(recipe, number, len(steps))
        optimizer.step()
        optimizer.zero_grad()
        yield StepResult(
            loss=value,
            learning_rate=optimizer.param_groups[0]["lr"],
            examples=len(examples),
            tokens=sum(map(len, examples)),
            answer_tokens=len(batch.labels),
            seconds=time.perf_counter() - started,
        )
    faulty = faulty_weight(model)
    if faulty is not None:
        raise BadModelError(
            f"Training diverged: after its last step {faulty.words}.", _lower(recipe)
        )


def _not_finite(value: float, number: int, recipe: Recipe, model: Any) -> BadModelError:
    if number == 0:
        faulty = faulty_weight(model)
        why = "something overflows, though all weights are finite"
        return BadModelError(
            f"The base model's loss is {value} before any training: "
            f"{why if faulty is None else faulty.words}.",
            "The base is damaged, or was scaled wrongly: ask it by itself, in `dtype: float32`.",
        )
    return BadModelError(
        f"Training diverged: the loss is {value} at step {number + 1}.",
        _lower(recipe),
    )


def _lower(recipe: Recipe) -> str:
    return (
        f"Lower the learning rate (`learning_rate`, now {recipe.learning_rate:g}) or raise "
        "`warmup_ratio`."
    )
