"""What a fine-tuning trains and puts on disk, against fine-tunings that are done: files at their most, tensors in use at their most."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.estimate import training
from harness.estimate.shape import ModelShape, read_shape
from harness.estimate.training import tuning_memory
from harness.estimate.tuning import Tuning, scratch_bytes, trained_parameters, tuned_bytes
from harness.files import replaced
from harness.finetuning import METHODS
from harness.models.finetune import checkpoints as checkpoints_module
from harness.models.finetune import run as run_module
from harness.models.finetune.checkpoints import Checkpoints
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.search import search
from harness.models.random_weights import write_random_model
from harness.models.shapes import configuration

SMALL = {
    "vocab_size": 2048,
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}
WAYS: dict[str, dict[str, Any]] = {
    "lora": {"rank": 32},
    "dora": {"method": "dora", "rank": 32},
    "pissa": {"initialization": "pissa", "rank": 32},
    "head": {"modules_to_save": ("embed_tokens", "lm_head")},
    "ranks": {"rank_pattern": {"q_proj": 64, "layers.0.mlp.down_proj": 128}},
    "full": {"method": "full"},
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ModelShape]:
    """A model whose weights are large beside what surrounds them in files."""
    folder = tmp_path_factory.mktemp("small")
    config = configuration("llama-3.1-8b", SMALL)
    write_random_model(folder, config, seed=0)
    return folder, read_shape(config)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rows") / "examples.jsonl"
    example = {"prompt_ids": list(range(5, 35)), "target_ids": [7, 8]}
    file.write_text(f"{json.dumps(example)}\n" * 24)
    return file


def told(way: dict[str, Any]) -> Tuning:
    """The same to the estimate."""
    return Tuning(
        method=METHODS[way.get("method", "lora")],
        rank=way.get("rank", 16),
        ranks=way.get("rank_pattern", {}),
        whole=way.get("modules_to_save", ()),
        initialization=way.get("initialization", "default"),
    )


@pytest.fixture
def largest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Bytes in the work folder whenever something is about to take another's place there; a checkpoint after each step."""
    found: list[int] = []
    usual, kept = replaced, Checkpoints

    @contextmanager
    def watched(file: Path) -> Iterator[Path]:
        with usual(file) as aside:
            yield aside
            files = (one for one in (tmp_path / "work").rglob("*") if one.is_file())
            found.append(sum(one.stat().st_size for one in files if one.suffix != ".jsonl"))

    def often(folder: Path, identity: str) -> Checkpoints:
        return kept(folder, identity, every=0.0, clock=lambda: 0.0)

    monkeypatch.setattr(checkpoints_module, "replaced", watched)
    monkeypatch.setattr(run_module, "Checkpoints", often)
    return found


def learn(model: Path, rows: Path, folder: Path, way: dict[str, Any], tries: int = 1) -> Any:
    recipe = Recipe(
        **{"epochs": 2.0, "batch_tokens": 192, "learning_rate": 1e-3, "validation": 4, **way}
    )
    rates = [{"learning_rate": 1e-3 / (n + 1)} for n in range(tries)]
    recipes = [replace(recipe, learning_rate=rate["learning_rate"]) for rate in rates]
    return search(model, rows, recipes, rates, folder / "out", lambda _: None, 1, folder / "work")


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_files_are_as_large_as_told(
    small: tuple[Path, ModelShape],
    rows: Path,
    tmp_path: Path,
    largest: list[int],
    way: dict[str, Any],
) -> None:
    model, shape = small
    record = learn(model, rows, tmp_path, way)
    tuning = told(way)
    assert trained_parameters(shape, tuning) == record.trainable_parameters
    assert tuned_bytes(shape, tuning) == pytest.approx(size_of(tmp_path / "out"), rel=0.05)
    assert scratch_bytes(shape, tuning, "cpu") == pytest.approx(max(largest), rel=0.05)


def test_a_search_keeps_what_came_of_the_best_beside_the_next(
    small: tuple[Path, ModelShape], rows: Path, tmp_path: Path, largest: list[int]
) -> None:
    model, shape = small
    learn(model, rows, tmp_path, {"rank": 32}, tries=3)
    found = scratch_bytes(shape, replace(told({"rank": 32}), trials=3), "cpu")
    assert max(largest) < found < 1.25 * max(largest)


@contextmanager
def in_use() -> Iterator[list[int]]:
    """Most bytes of torch's own allocator, as its profiler counts them."""
    found: list[int] = []
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        yield found
    now = 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == "[memory]":
            now += event.nbytes()
            found.append(now)


HELD: dict[str, dict[str, Any]] = {
    "lora": {"rank": 32},
    "dora": {"method": "dora"},
    "head": {"modules_to_save": ("embed_tokens", "lm_head")},
    "qlora": {"method": "qlora"},
    "8bit": {"method": "lora-8bit"},
    "full": {"method": "full"},
    "accumulate": {"method": "full", "accumulate": 2},
    "packing": {"packing": True},
    "checkpointing": {"gradient_checkpointing": True},
}
LENGTH, AT_ONCE = 127, 4


@pytest.mark.parametrize("way", HELD.values(), ids=HELD)
def test_training_holds_what_is_told(
    small: tuple[Path, ModelShape],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: dict[str, Any],
) -> None:
    """Beyond weights and adapters, and without what the process's allocator keeps of what is freed."""
    model, shape = small
    file = tmp_path / "examples.jsonl"
    example = {"prompt_ids": list(range(5, 3 + LENGTH)), "target_ids": [7, 8]}
    file.write_text(f"{json.dumps(example)}\n" * 4 * AT_ONCE)
    measured: list[int] = []
    usual = run_module._trained

    def watched(*given: Any) -> Any:
        with in_use() as found:
            result = usual(*given)
        measured.extend(found)
        return result

    monkeypatch.setattr(run_module, "_trained", watched)
    monkeypatch.setattr(training, "ALLOCATOR", {2: 1.0, 4: 1.0})
    monkeypatch.setattr(training, "HELD_LAYERS", 0 if "gradient_checkpointing" in way else 1)
    same = {"batch_tokens": AT_ONCE * LENGTH}
    recipe = Recipe(**{"epochs": 1.0, "validation": 0, "dtype": "bfloat16", **same, **way})
    run_module.finetune(model, file, recipe, tmp_path / "out", lambda _: None, 1)
    settings = {key: way[key] for key in way if key in Tuning.__dataclass_fields__} | same
    settings |= {"example_tokens": LENGTH, "label_share": 2 / LENGTH}
    tuning = replace(told(way), **{**settings, "method": METHODS[recipe.method]})
    need = tuning_memory(shape, tuning).resident
    apart = sum(need.of(name) for name in ("libraries", "weights", "mapped file", "adapter"))
    assert 0.9 * max(measured) < need.total - apart < 1.25 * max(measured)
