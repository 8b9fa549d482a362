"""Examples side by side, or one behind another, and the loss on what they are to be answered with.

The output head, which in a small model is a large part of the work, sees only the positions whose
next token is learned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from harness.models.finetune.attention import joined
from harness.models.finetune.loss import cross_entropy
from harness.records import TrainingExample


@dataclass(frozen=True)
class TrainingBatch:
    """Examples as tensors.

    Attributes:
        ids: (rows, longest) token ids; padding is on the right, 0 and, the model being causal, unseen.
        positions: (1, tokens) places of the tokens in their examples where these share one row, so that none
            attends to another; None where each has a row of its own.
        lengths: tokens of each example where they share one row; None as above.
        rows, columns: (answer tokens,) the positions whose next token is an answer token.
        labels: (answer tokens,) those next tokens.
        owners: (answer tokens,) the number of the example that each belongs to.
    """

    ids: torch.Tensor
    positions: torch.Tensor | None
    lengths: tuple[int, ...] | None
    rows: torch.Tensor
    columns: torch.Tensor
    labels: torch.Tensor
    owners: torch.Tensor


def make_batch(
    examples: Sequence[TrainingExample], device: torch.device, join: bool = False
) -> TrainingBatch:
    """Pads examples to the longest, or joins them to one row, and finds their answer positions."""
    rows: list[int] = []
    columns: list[int] = []
    labels: list[int] = []
    owners: list[int] = []
    begins = 0
    for number, example in enumerate(examples):
        count = len(example.target_ids)
        first = begins + len(example.prompt_ids) - 1
        rows += [0 if join else number] * count
        columns += range(first, first + count)
        labels += example.target_ids
        owners += [number] * count
        begins += len(example) if join else 0
    ids, positions = _joined(examples) if join else (_padded(examples), None)
    return TrainingBatch(
        ids.to(device),
        None if positions is None else positions.to(device),
        tuple(map(len, examples)) if join else None,
        *(torch.tensor(part, device=device) for part in (rows, columns, labels, owners)),
    )


def _padded(examples: Sequence[TrainingExample]) -> torch.Tensor:
    ids = torch.zeros((len(examples), max(map(len, examples))), dtype=torch.long)
    for row, example in enumerate(examples):
        ids[row, : len(example)] = torch.tensor(example.prompt_ids + example.target_ids)
    return ids


def _joined(examples: Sequence[TrainingExample]) -> tuple[torch.Tensor, torch.Tensor]:
    ids = [i for example in examples for i in example.prompt_ids + example.target_ids]
    places = [place for example in examples for place in range(len(example))]
    return torch.tensor([ids]), torch.tensor([places])


def answer_losses(model: Any, batch: TrainingBatch) -> torch.Tensor:
    """(answer tokens,) cross-entropy (nats) of each answer token, in float32 or better.

    The head sees their positions only.
    """
    given = {} if batch.positions is None else {"position_ids": batch.positions}
    with joined(batch.lengths), _head_on(model, batch):
        logits = model(input_ids=batch.ids, use_cache=False, **given).logits
    exact = torch.promote_types(logits.dtype, torch.float32)
    return cross_entropy(logits.to(exact), batch.labels)


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
