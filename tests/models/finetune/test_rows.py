"""Examples that share a row: the same losses and gradients as alone, or they do not share one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, masking_utils

from harness.errors import InputError
from harness.models.finetune import attention
from harness.models.finetune.batches import answer_losses, make_batch
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.rows import Rows, attend_exactly, choose_rows
from harness.models.finetune.run import finetune
from harness.records import TrainingExample
from tests.engines.models import VOCABULARY, configuration, write_model

CPU = torch.device("cpu")
IN_FLOAT32: dict[str, Any] = {"rtol": 1e-4, "atol": 1e-5}
"""How near a Gemma comes to itself, whose norms are computed in float32 whatever it is in."""
LENGTHS = (40, 3, 21, 2, 33)
"""Longer and shorter than the windows of the models that have one."""
SMALL: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "initializer_range": 0.2,
}
OTHERS: dict[str, dict[str, Any]] = {
    "falcon": {},
    "gpt_oss": {"head_dim": 8, "num_local_experts": 4, "sliding_window": 8},
    "lfm2": {"layer_types": ["conv", "full_attention"]},
}
"""Families that look at a row in ways of their own: an attention of its own, sinks, convolutions."""


def model_of(kind: Any) -> Any:
    """A random one in float64; of other families in float32, whose experts know nothing else."""
    torch.manual_seed(0)
    other = kind in OTHERS
    config = AutoConfig.for_model(kind, **SMALL, **OTHERS[kind]) if other else configuration(kind)
    model: Any = AutoModelForCausalLM.from_config(config)
    return (model.float() if other else model.double()).eval().requires_grad_(False)


def made_up() -> list[TrainingExample]:
    ids = torch.Generator().manual_seed(0)
    rows = [torch.randint(VOCABULARY, (length,), generator=ids).tolist() for length in LENGTHS]
    return [TrainingExample(tuple(row[:1]), tuple(row[1:])) for row in rows]


def gradients(model: Any, batches: Sequence[Any]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    model.requires_grad_(True)
    losses = [answer_losses(model, batch) for batch in batches]
    torch.cat(losses).sum().backward()
    found = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    model.zero_grad()
    model.requires_grad_(False)
    return torch.cat(losses).detach(), found


@pytest.mark.parametrize("grid", [False, True])
@pytest.mark.parametrize("kind", ["llama", "mistral", "gemma3", "qwen3", "gpt2", "phi3"])
def test_a_joined_row_has_the_losses_and_gradients_of_one_example_at_a_time(
    monkeypatch: pytest.MonkeyPatch, kind: str, grid: bool
) -> None:
    model, rows = model_of(kind), made_up()
    losses, wanted = gradients(model, [make_batch([row], CPU) for row in rows])
    attend_exactly(model, torch.float64)
    monkeypatch.setattr(attention, "on_grid", lambda device: grid)
    assert choose_rows(model, False, torch.float64) == Rows(cheaper=True)
    if kind == "llama":
        model.train()
        model.gradient_checkpointing_enable({"use_reentrant": False})
    ours, found = gradients(model, [Rows(packing=True).make(rows, CPU)])
    near = IN_FLOAT32 if kind == "gemma3" else {"rtol": 1e-8, "atol": 1e-10}
    torch.testing.assert_close(ours, losses, **near)
    torch.testing.assert_close(found, wanted, **near)


def test_no_mask_of_all_tokens_by_all_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    model = model_of("mistral")
    attend_exactly(model, torch.float64)
    shapes: list[tuple[int, ...]] = []
    usual = masking_utils.sdpa_mask

    def noted(**named: Any) -> Any:
        shapes.append((named["q_length"], named["kv_length"]))
        return usual(**named)

    monkeypatch.setattr(attention, "sdpa_mask", noted)
    gradients(model, [make_batch(made_up(), CPU, join=True)])
    assert set(shapes) == {(length, length) for length in LENGTHS}


def test_where_transformers_alone_can_mask_a_row_examples_are_joined_only_where_asked_to() -> None:
    model, rows = model_of("gemma2"), made_up()
    losses, wanted = gradients(model, [make_batch([row], CPU) for row in rows])
    attend_exactly(model, torch.float64)
    assert choose_rows(model, False, torch.float64) == Rows()
    packed = choose_rows(model, True, torch.float64)
    assert packed == Rows(packing=True)
    ours, found = gradients(model, [packed.make(rows, CPU)])
    torch.testing.assert_close(ours, losses, **IN_FLOAT32)
    torch.testing.assert_close(found, wanted, **IN_FLOAT32)


@pytest.mark.parametrize("kind", ["mamba", "bloom", *OTHERS])
def test_a_model_that_sees_its_neighbours_is_padded(kind: str) -> None:
    model = model_of(kind)
    losses, _ = gradients(model, [make_batch([row], CPU) for row in made_up()])
    attend_exactly(model, torch.float64)
    rows = choose_rows(model, False, torch.float64)
    assert rows == Rows()
    ours, _ = gradients(model, [rows.make(made_up(), CPU)])
    torch.testing.assert_close(ours, losses, **IN_FLOAT32)
    with pytest.raises(InputError, match=rf"finetune\.packing .*\({kind}\)"):
        choose_rows(model, True, torch.float64)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_model_that_counts_places_by_itself_is_padded(dtype: torch.dtype) -> None:
    model = model_of("gpt2").float()
    attend_exactly(model, dtype)
    assert choose_rows(model, False, dtype).cheaper

    def drop(_model: Any, given: Any, named: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        return given, {name: value for name, value in named.items() if name != "position_ids"}

    model.transformer.register_forward_pre_hook(drop, with_kwargs=True)
    assert choose_rows(model, False, dtype) == Rows()


def test_a_fine_tuning_refuses_to_pack_for_a_model_with_a_state(
    tokenizer: Path, examples: Path, tmp_path: Path
) -> None:
    base = write_model(tmp_path / "mamba", tokenizer, "mamba")
    targets = ("in_proj", "x_proj")
    recipe = Recipe(
        epochs=1.0, batch_tokens=96, validation=0, dtype="float32", target_modules=targets
    )
    made = finetune(base, examples, recipe, tmp_path / "out", lambda _: None, threads=1)
    assert made.steps > 2
    packed = replace(recipe, packing=True)
    with pytest.raises(InputError, match="MambaForCausalLM"):
        finetune(base, examples, packed, tmp_path / "packed", lambda _: None, threads=1)


def test_a_batch_is_joined_where_it_is_computed_with_fewer_tokens_so() -> None:
    rows = made_up()
    assert Rows(cheaper=True).make(rows, CPU).ids.shape == (1, sum(LENGTHS))
    assert Rows().make(rows, CPU).ids.shape == (len(LENGTHS), max(LENGTHS))
    alike = [rows[0], rows[0]]
    assert Rows(cheaper=True).make(alike, CPU).ids.shape == (2, LENGTHS[0])
    assert Rows(packing=True).make(alike, CPU).ids.shape == (1, 2 * LENGTHS[0])
