"""A base is read in the precision that it is kept in, and is what it was when all of it was widened first."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

from harness.errors import BadModelError
from harness.models.finetune import run
from harness.models.finetune.base_model import (
    frozen_linears,
    linears_read_as,
    stored_dtype,
    through_nf4,
)
from harness.models.finetune.recipe import Recipe
from harness.models.finetune.run import finetune
from harness.models.finetune.trainable import load_frozen, prepared
from tests.engines.models import Kind, configuration
from tests.models.finetune.test_rows import OTHERS, SMALL

CPU = torch.device("cpu")
MAPS = Path("/proc/self/maps")
STORED: dict[str, Callable[[str], torch.dtype]] = {
    "bfloat16": lambda name: torch.bfloat16,
    "float16": lambda name: torch.float16,
    "float32": lambda name: torch.float32,
    "mixed": lambda name: torch.float32 if "norm" in name or "head" in name else torch.bfloat16,
}
RECIPES = {
    "lora": Recipe(dtype="bfloat16"),
    "lora in float32": Recipe(dtype="float32"),
    "qlora": Recipe(method="qlora", dtype="bfloat16"),
    "full": Recipe(method="full", dtype="bfloat16"),
}


def written(folder: Path, tokenizer: Path, kind: str, stored: str) -> Path:
    """A random model of a family, its weights saved as `stored`."""
    shutil.copytree(tokenizer, folder, dirs_exist_ok=True)
    torch.manual_seed(0)
    config = (
        AutoConfig.for_model(kind, **SMALL, **OTHERS[kind])
        if kind in OTHERS
        else configuration(kind)  # type: ignore[arg-type]
    )
    AutoModelForCausalLM.from_config(config, dtype=torch.float32).save_pretrained(folder)
    file, choose = folder / "model.safetensors", STORED[stored]
    tensors = {name: tensor.to(choose(name)) for name, tensor in load_file(file).items()}
    save_file(tensors, file, metadata={"format": "pt"})
    return folder


def widened_first(folder: Path, recipe: Recipe, dtype: torch.dtype) -> Any:
    """All of it in float32, and then the frozen matrices as the method keeps them."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    for linear in frozen_linears(model):
        weight = linear.weight.data
        if recipe.row.base == "nf4":
            weight = through_nf4(weight)
        linear.weight.data = weight.to(torch.float32 if recipe.row.base == "float32" else dtype)
    return model


def contents(model: Any) -> dict[str, torch.Tensor]:
    """Every weight and every buffer, those that are not saved too."""
    return dict(model.named_parameters()) | dict(model.named_buffers())


@pytest.mark.parametrize(
    ("kind", "stored"),
    [(kind, stored) for kind in [*get_args(Kind), *OTHERS] for stored in ("bfloat16", "mixed")]
    + [("llama-tied", stored) for stored in ("float16", "float32")],
)
def test_what_is_trained_on_is_the_same_to_the_last_bit(
    tokenizer: Path, tmp_path: Path, kind: str, stored: str
) -> None:
    folder = written(tmp_path, tokenizer, kind, stored)
    for name, recipe in RECIPES.items():
        dtype = getattr(torch, recipe.dtype)
        if recipe.method == "qlora" and kind in OTHERS:
            continue  # their rows are no multiple of a block
        found = contents(load_frozen(folder, recipe, CPU, dtype))
        wanted = contents(widened_first(folder, recipe, dtype))
        assert found.keys() == wanted.keys()
        for at, tensor in wanted.items():
            assert found[at].dtype == tensor.dtype, (name, at)
            assert torch.equal(found[at], tensor), (name, at)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("kind", ["llama-wide", "gemma3", "qwen3", "phi3", "gpt2"])
def test_what_comes_out_is_the_same_to_the_last_bit(
    tokenizer: Path,
    examples: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    name: str,
) -> None:
    folder = written(tmp_path / "base", tokenizer, kind, "bfloat16")
    recipe = replace(RECIPES[name], epochs=0.5, batch_tokens=96, learning_rate=5e-3, validation=0)
    finetune(folder, examples, recipe, tmp_path / "ours", lambda _: None, threads=1)
    monkeypatch.setattr(
        run, "load_frozen", lambda base, recipe, device, dtype: prepared(
            widened_first(base, recipe, dtype), recipe, dtype
        ),
    )  # fmt: skip
    finetune(folder, examples, recipe, tmp_path / "theirs", lambda _: None, threads=1)
    file = next((tmp_path / "ours").glob("*.safetensors")).name
    assert (tmp_path / "ours" / file).read_bytes() == (tmp_path / "theirs" / file).read_bytes()


@pytest.mark.skipif(not MAPS.is_file(), reason="this system does not say what is mapped")
def test_matrices_that_lie_there_as_they_are_kept_are_the_pages_of_the_file(
    tokenizer: Path, tmp_path: Path
) -> None:
    folder = written(tmp_path, tokenizer, "llama", "bfloat16")
    model = load_frozen(folder, Recipe(dtype="bfloat16"), CPU, torch.bfloat16)
    mapped = [line.split() for line in MAPS.read_text().splitlines() if str(folder) in line]
    places = [tuple(int(end, 16) for end in line[0].split("-")) for line in mapped]
    in_file = {
        name: any(begin <= weight.data_ptr() < end for begin, end in places)
        for name, weight in model.named_parameters()
    }
    assert in_file == {name: "proj" in name for name in in_file}


@pytest.mark.parametrize("stored", STORED)
def test_no_matrix_is_widened_on_its_way(tokenizer: Path, tmp_path: Path, stored: str) -> None:
    folder = written(tmp_path, tokenizer, "llama", stored)
    with linears_read_as(torch.bfloat16, folder):
        read: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    after: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    kinds = {name: weight.dtype for name, weight in read.named_parameters()}
    assert {d for name, d in kinds.items() if "proj" in name} == {torch.bfloat16}
    assert {d for name, d in kinds.items() if "proj" not in name} == {torch.float32}
    assert {weight.dtype for weight in after.parameters()} == {torch.float32}


def test_stored(tokenizer: Path, tmp_path: Path) -> None:
    found = {
        kind: stored_dtype(written(tmp_path / kind, tokenizer, "llama", kind)) for kind in STORED
    }
    assert found == {
        "bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32, "mixed": torch.float32,
    }  # fmt: skip


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_a_model_that_writes_no_text_is_refused(
    tokenizer: Path, tmp_path: Path, method: str
) -> None:
    folder = written(tmp_path, tokenizer, "llama", "bfloat16")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "vit"}))
    with pytest.raises(BadModelError, match="cannot be loaded"):
        load_frozen(folder, Recipe(method=method, dtype="bfloat16"), CPU, torch.bfloat16)
