"""Short rows attend in float32 on a processor: the same figures, more exact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from harness.models.finetune import attention
from harness.models.finetune.base_model import load_base
from harness.models.finetune.batches import answer_losses, make_batch
from harness.models.finetune.examples import read_examples
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.trainable import load_frozen
from tests.engines.models import CONTEXT, VOCABULARY

CPU = torch.device("cpu")


def losses(model: Any, examples: Path, packing: bool = False, dtype: str = "bfloat16") -> Any:
    batch = make_batch(read_examples(examples, VOCABULARY, CONTEXT)[:6], CPU, packing)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16")
    with torch.no_grad(), autocast:
        return answer_losses(model, batch)


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> list[torch.dtype]:
    """Of what torch's attention is given."""
    found: list[torch.dtype] = []
    usual = functional.scaled_dot_product_attention

    def noted(query: Any, *given: Any, **named: Any) -> Any:
        low = torch.is_autocast_enabled("cpu")
        found.append(torch.bfloat16 if low else query.dtype)
        return usual(query, *given, **named)

    monkeypatch.setattr(functional, "scaled_dot_product_attention", noted)
    return found


@pytest.mark.parametrize("packing", [False, True])
def test_short_rows_attend_in_float32_and_long_ones_do_not(
    tiny: Path,
    examples: Path,
    monkeypatch: pytest.MonkeyPatch,
    kinds: list[torch.dtype],
    packing: bool,
) -> None:
    exact = losses(load_base(tiny), examples, packing, "float32")
    model = load_frozen(tiny, Recipe(), CPU, torch.bfloat16)
    kinds.clear()
    ours = losses(model, examples, packing)
    assert set(kinds) == {torch.float32}
    kinds.clear()
    monkeypatch.setattr(attention, "SHORT_ROW", 1)
    plain = losses(model, examples, packing)
    assert set(kinds) == {torch.bfloat16}
    assert float((ours - exact).abs().max()) < 0.05
    assert float((ours - plain).abs().max()) > 0


def test_in_float32_nothing_changes(tiny: Path, examples: Path) -> None:
    model = load_frozen(tiny, Recipe(dtype="float32"), CPU, torch.float32)
    ours = losses(model, examples, dtype="float32")
    assert torch.equal(ours, losses(load_base(tiny), examples, dtype="float32"))
