"""The loss of a training against the same in float64: its value, to no side, and its gradient."""

from __future__ import annotations

import torch

from harness.engines.hf.score import log_probabilities
from harness.models.finetune.loss import cross_entropy

ROWS, WORDS = 48, 131_072


def rows() -> tuple[torch.Tensor, torch.Tensor]:
    """Logits as a model gives them: a few likely words, and a long tail."""
    chance = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(ROWS, WORDS, generator=chance)
    logits[:, :50] += 9
    return logits, torch.randint(0, 200, (ROWS,), generator=chance)


def test_losses_are_those_of_float64_and_err_to_no_side() -> None:
    logits, labels = rows()
    wanted = torch.nn.functional.cross_entropy(logits.double(), labels, reduction="none")
    apart = cross_entropy(logits, labels).double() - wanted
    assert apart.abs().max() < 4e-6 and apart.mean().abs() < 5e-7


def test_gradients_are_those_of_float64() -> None:
    logits, labels = rows()
    given = torch.linspace(-1, 2, ROWS)
    found, wanted = logits.clone().requires_grad_(), logits.double().requires_grad_()
    cross_entropy(found, labels).backward(given)
    torch.nn.functional.cross_entropy(wanted, labels, reduction="none").backward(given.double())
    assert found.grad is not None and wanted.grad is not None
    assert torch.allclose(found.grad.double(), wanted.grad, rtol=4e-6, atol=1e-9)


def test_the_gradient_is_that_of_the_value() -> None:
    logits = torch.randn(5, 7, dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 6, 3, 3, 1])
    assert torch.autograd.gradcheck(lambda of: cross_entropy(of, labels), (logits,))


def test_log_probabilities_are_those_of_float64_and_err_to_no_side() -> None:
    logits, _ = rows()
    apart = log_probabilities(logits).double() - logits.double().log_softmax(-1)
    assert apart.abs().max() < 4e-6 and apart.mean().abs() < 5e-7
