"""Which examples share a row, and whether a model keeps them apart there; found out before anything is learned.

A batch is padded to its longest example, or its examples are joined to one row, whatever computes less: the loss is
the same. That holds for models in which a token sees others by attention alone and knows its place by the number it
is given. What a model does is tried and not believed: one with a state that runs through the row (Mamba), with
convolutions, or with an attention that asks nobody, is padded, and `packing: true` is refused for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from harness.errors import InputError
from harness.models.finetune.attention import NAME, UnsupportedRowError
from harness.models.finetune.batches import TrainingBatch, answer_losses, make_batch
from harness.records import TrainingExample

TRIAL = (23, 14)
"""Tokens of the examples that are tried."""
APART = 0.05
"""Root mean square of what the losses of a trial may differ by, as a share of their standard deviation: more than
rounding in bfloat16 makes of them, and far less than another place in the row does."""
EXACT = 1e-4
"""Nats that they may differ by in any case: the losses of a model that knows nothing hardly deviate."""
FAILURES = (
    UnsupportedRowError, AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError,
    ValueError,
)  # fmt: skip
"""What a model raises that does not know what to do with a row."""


@dataclass(frozen=True)
class Rows:
    """How the batches of a training are laid out.

    Attributes:
        packing: whether all of them are joined.
        cheaper: whether one is joined that is computed with fewer tokens so.
    """

    packing: bool = False
    cheaper: bool = False

    def make(self, examples: Sequence[TrainingExample], device: torch.device) -> TrainingBatch:
        """The batch of these examples.

        Padding may stay where it is a token an example: about what one more call of attention takes.
        """
        lengths = [len(example) for example in examples]
        padding = max(lengths) * len(lengths) - sum(lengths)
        return make_batch(
            examples, device, self.packing or (self.cheaper and padding > len(lengths))
        )


PADDED = Rows()
"""Each example has a row of its own."""


def attend_exactly(model: Any, dtype: torch.dtype) -> None:
    """Lets a model attend by `attention`, where the losses of a trial stay the same; else it stays as it is.

    Args:
        dtype: of the matrix products.
    """
    if model.config._attn_implementation != "sdpa":
        return
    alone = _alone(model, dtype)
    try:
        model.set_attn_implementation(NAME)
        found = _alone(model, dtype)
    except FAILURES:
        found = None
    if found is None or not _agree(alone, found):
        model.set_attn_implementation("sdpa")


def choose_rows(model: Any, packing: bool, dtype: torch.dtype) -> Rows:
    """How a model's batches are laid out, by what comes of a trial.

    Args:
        dtype: of the matrix products.

    Raises:
        InputError: all are to be joined, and the model does not keep them apart.
    """
    own = model.config._attn_implementation == NAME
    if own and _keeps_apart(model, dtype):
        # LLM.int8 treats columns apart by all tokens of a pass: joined, its losses are a little others.
        return Rows(packing, cheaper=not getattr(model, "is_loaded_in_8bit", False))
    if not packing:
        return PADDED
    if own:
        model.set_attn_implementation("sdpa")
    if _keeps_apart(model, dtype):
        return Rows(packing)
    raise InputError(
        f"finetune.packing joins examples to one row, and {type(model).__name__} ({model.config.model_type}) does not keep "
        "them apart there: what it says of one depends on its neighbours or on where it lies.",
        "Leave `packing` out: examples of like length are batched and padded instead.",
    )


def _keeps_apart(model: Any, dtype: torch.dtype) -> bool:
    """Whether examples in one row have the losses that each has alone, and no gradient goes from one to another."""
    alone = _alone(model, dtype)
    try:
        losses, places = _losses(model, _examples(model), dtype, join=True)
        if not _agree(alone, losses.detach()):
            return False
        first = TRIAL[0]
        mine = torch.autograd.grad(losses[: first - 1].sum(), places, retain_graph=True)[0]
        other = torch.autograd.grad(losses[first - 1 :].sum(), places)[0]
    except FAILURES:
        return False
    return not bool(mine[:, first:].count_nonzero() + other[:, :first].count_nonzero())


def _examples(model: Any) -> list[TrainingExample]:
    count = model.get_input_embeddings().num_embeddings
    ids = [(7 * n + 3) % count for n in range(sum(TRIAL))]
    parts = ids[: TRIAL[0]], ids[TRIAL[0] :]
    return [TrainingExample(tuple(part[:1]), tuple(part[1:])) for part in parts]


def _alone(model: Any, dtype: torch.dtype) -> torch.Tensor:
    """(tokens,): of each example in a pass of its own."""
    found = [_losses(model, [one], dtype, join=False)[0] for one in _examples(model)]
    return torch.cat(found).detach()


def _losses(
    model: Any, examples: Sequence[TrainingExample], dtype: torch.dtype, join: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """(tokens,) losses, and the embeddings that gradients of them can be asked by.

    Always with gradients: without, bitsandbytes packs 4-bit weights anew on a processor, and rounds their scales.
    """
    model.eval()
    table = model.get_input_embeddings()
    found: list[torch.Tensor] = []

    def note(_table: Any, _ids: Any, out: torch.Tensor) -> torch.Tensor:
        found.append(out.detach().requires_grad_())
        return found[-1]

    device = table.weight.device
    handle = table.register_forward_hook(note)
    try:
        with (
            torch.enable_grad(),
            torch.autocast(device.type, torch.bfloat16, enabled=dtype == torch.bfloat16),
        ):
            losses = answer_losses(model, make_batch(examples, device, join))
    finally:
        handle.remove()
    return losses, found[0]


def _agree(expected: torch.Tensor, found: torch.Tensor) -> bool:
    apart = float((found - expected).double().square().mean().sqrt())
    return apart <= max(EXACT, APART * float(expected.std()))
