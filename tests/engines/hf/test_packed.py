"""Which models are run packed: those whose attention, so replaced, gives what their own way gives."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from harness.engines.hf import attention, packed
from harness.engines.hf.attention import UnsupportedAttentionError, attend
from harness.engines.hf.forward import Forward
from harness.engines.hf.packed import EXACT, ROUNDED, open_packed
from tests.conftest import Models

REAL = attention._attend
FAULTS: dict[str, Callable[..., Any]] = {
    "another scale": lambda query, *given: REAL(query * 0.8, *given),
    "no mask": lambda q, k, v, before, mask, cap: REAL(q, k, v, before, None, cap),
    "a soft cap that is none of its": lambda q, k, v, before, mask, cap: REAL(
        q, k, v, before, mask, 0.5
    ),
    "nothing of what all begin with": lambda q, k, v, before, mask, cap: REAL(
        q, k, v, None, None if mask is None else mask[..., -k.shape[2] :], cap
    ),
}


def forward(models: Models, dtype: torch.dtype = torch.float32) -> Forward:
    model: Any = AutoModelForCausalLM.from_pretrained(str(models.llama), dtype=dtype)
    return Forward(model.eval())


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_model_of_full_attention_is_run_packed(models: Models, dtype: torch.dtype) -> None:
    assert open_packed(forward(models, dtype)) is not None


@pytest.mark.parametrize("fault", FAULTS)
def test_one_that_packed_attention_gets_wrong_is_run_its_own_way_and_the_log_says_why(
    models: Models,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: str,
) -> None:
    monkeypatch.setattr(attention, "_attend", FAULTS[fault])
    model = forward(models)
    before = model.model.config._attn_implementation
    with caplog.at_level(logging.WARNING):
        assert open_packed(model) is None
    assert "one sequence at a time" in caplog.text and "of their spread" in caplog.text
    assert model.model.config._attn_implementation == before


def test_the_size_of_a_vocabulary_makes_rounding_no_fault() -> None:
    """Among 10 times 128,000 logits of bfloat16 one is always far off: a fifth of the spread where all are off by 0.045."""
    drawn = torch.Generator().manual_seed(0)
    expected = torch.randn(10, 128_000, generator=drawn)
    found = expected + 0.045 * torch.randn(10, 128_000, generator=drawn)
    assert float((expected - found).abs().max()) > 0.2
    assert packed._apart(expected, found) == pytest.approx(0.045, rel=0.01)
    assert EXACT < packed._apart(expected, found) < ROUNDED


def test_one_token_that_differs_is_not_lost_among_many() -> None:
    expected = torch.randn(24, 1000, generator=torch.Generator().manual_seed(1))
    found = expected.clone()
    found[7] = found[7].roll(1)
    assert packed._apart(expected, found) > 1.0
    found[7, 3] = float("nan")
    assert not packed._apart(expected, found) <= ROUNDED


@pytest.mark.parametrize(
    "given",
    [
        {"s_aux": torch.zeros(4)},
        {"position_bias": torch.zeros(1, 4, 3, 3)},
        {"is_causal": False},
    ],
    ids=lambda given: next(iter(given)),
)
def test_what_a_model_asks_for_beyond_it_is_refused(models: Models, given: dict[str, Any]) -> None:
    opened = open_packed(forward(models))
    assert opened is not None
    layer = opened._forward.model.model.layers[0].self_attn
    rows = torch.zeros(1, 4, 3, 8)
    segments = [packed.Segment.chain([1, 2, 3], 0)]
    layout = packed.lay_out(segments, packed.Prefix(), None, False, rows.device)
    with attention.laid_out(layout):
        found, _ = attend(layer, rows, rows, rows, None, position_ids=torch.zeros(1, 3))
        assert found.shape == (1, 3, 4, 8)
        with pytest.raises(UnsupportedAttentionError):
            attend(layer, rows, rows, rows, None, **given)
