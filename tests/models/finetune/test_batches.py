"""The loss of a batch, and its gradients, against one example at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from harness.models.finetune.base_model import load_base
from harness.models.finetune.batches import answer_losses, make_batch
from harness.models.finetune.examples import read_examples
from harness.models.finetune.order import plan_steps
from harness.records import TrainingExample
from tests.engines.models import CONTEXT, VOCABULARY

CPU = torch.device("cpu")


def one_at_a_time(model: torch.nn.Module, rows: Sequence[TrainingExample]) -> torch.Tensor:
    """The answer tokens' losses by plain forward passes with the whole head."""
    losses = []
    for row in rows:
        ids = torch.tensor([row.prompt_ids + row.target_ids])
        logprobs = model(input_ids=ids).logits[0].log_softmax(-1)
        first = len(row.prompt_ids) - 1
        losses += [-logprobs[first + n, token] for n, token in enumerate(row.target_ids)]
    return torch.stack(losses)


def gradients(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return found


@pytest.mark.parametrize("packing", [False, True])
def test_gradients_are_those_of_one_example_at_a_time(
    tiny: Path, examples: Path, packing: bool
) -> None:
    model = load_base(tiny).double()
    rows = read_examples(examples, VOCABULARY, CONTEXT)
    one_at_a_time(model, rows).mean().backward()
    wanted = gradients(model)
    lengths = [len(row) for row in rows]
    (step,) = plan_steps(lengths, 40, 1.0, np.random.default_rng(0), 99, packing)
    assert len(step) > 3
    tokens = sum(len(row.target_ids) for row in rows)
    for batch in step:
        made = make_batch([rows[i] for i in batch], CPU, packing)
        (answer_losses(model, made).sum() / tokens).backward()
    found = gradients(model)
    assert found.keys() == wanted.keys()
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("packing", [False, True])
def test_each_answer_token_has_its_loss_and_its_owner(
    tiny: Path, examples: Path, packing: bool
) -> None:
    model = load_base(tiny).double()
    rows = read_examples(examples, VOCABULARY, CONTEXT)[:7]
    made = make_batch(rows, CPU, packing)
    assert made.ids.shape[0] == (1 if packing else 7)
    with torch.no_grad():
        torch.testing.assert_close(answer_losses(model, made), one_at_a_time(model, rows))
    assert made.owners.tolist() == [i for i, row in enumerate(rows) for _ in row.target_ids]
