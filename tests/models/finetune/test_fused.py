"""LoRA in one pass gives PEFT's own losses and gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from harness.models.finetune.base_model import frozen_linears, load_base
from harness.models.finetune.batches import answer_losses, make_batch
from harness.models.finetune.examples import read_examples
from harness.models.finetune.fused import FusedLora, fuse_lora
from tests.engines.models import CONTEXT, VOCABULARY

CPU = torch.device("cpu")


def tuned(tiny: Path, **options: Any) -> Any:
    """A tiny model with LoRA whose second matrices are not zero, as after some steps."""
    torch.manual_seed(0)
    model: Any = get_peft_model(
        load_base(tiny),
        LoraConfig(
            r=4, lora_alpha=12, target_modules="all-linear", task_type="CAUSAL_LM", **options
        ),
    )
    for name, weight in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    return model


def learned(model: Any, rows: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Losses and gradients of one batch."""
    losses = answer_losses(model, make_batch(rows, CPU))
    losses.mean().backward()
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    return losses.detach(), found


@pytest.mark.parametrize("options", [{}, {"use_rslora": True}, {"rank_pattern": {"q_proj": 2}}])
def test_losses_and_gradients_are_those_of_peft(
    tiny: Path, examples: Path, options: dict[str, Any]
) -> None:
    model = tuned(tiny, **options).double()
    rows = read_examples(examples, VOCABULARY, CONTEXT)[:9]
    losses, wanted = learned(model, rows)
    assert fuse_lora(model) == sum("lora_A" in name for name in wanted)
    fused, found = learned(model, rows)
    torch.testing.assert_close(fused, losses, rtol=1e-10, atol=1e-12)
    assert found.keys() == wanted.keys()
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-8, atol=1e-12)


def test_bfloat16_is_no_farther_from_the_truth_than_peft(tiny: Path, examples: Path) -> None:
    rows = read_examples(examples, VOCABULARY, CONTEXT)
    exact, _ = learned(tuned(tiny).double(), rows)
    model = tuned(tiny)
    for layer in frozen_linears(model.get_base_model()):
        if not layer.weight.requires_grad:
            layer.weight.data = layer.weight.data.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        plain, wanted = learned(model, rows)
        assert fuse_lora(model) > 0
        fused, found = learned(model, rows)
    assert (fused - exact).abs().mean() <= 1.2 * (plain - exact).abs().mean()
    for name, gradient in wanted.items():
        assert found[name].dtype == torch.float32
        assert (found[name] - gradient).norm() <= 0.1 * gradient.norm()


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("silent", [0, 2, 4])
def test_rows_without_a_gradient_change_nothing(bias: bool, silent: int) -> None:
    """Of 5 rows; from 3 silent ones on they are left out."""
    torch.manual_seed(0)
    rows, down, up = (
        torch.randn(shape, dtype=torch.float64, requires_grad=True)
        for shape in ((5, 7), (2, 7), (3, 2))
    )
    weight = torch.randn(3, 7, dtype=torch.float64)
    offset = torch.randn(3, dtype=torch.float64) if bias else None
    given = torch.randn(5, 3, dtype=torch.float64)
    given[:silent] = 0.0
    parts = (rows, down, up)
    plain = torch.nn.functional.linear(rows, weight, offset) + 0.5 * rows @ down.T @ up.T
    wanted = torch.autograd.grad(plain, parts, given)
    out = FusedLora.apply(rows, weight, offset, down, up, 0.5, True)
    torch.testing.assert_close(out, plain)
    for found, expected in zip(torch.autograd.grad(out, parts, given), wanted, strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    "options", [{"lora_dropout": 0.1}, {"use_dora": True}, {"lora_bias": True}]
)
def test_layers_that_do_more_are_left_to_peft(tiny: Path, options: dict[str, Any]) -> None:
    assert fuse_lora(tuned(tiny, **options)) == 0
