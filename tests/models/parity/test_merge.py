"""Merges that went wrong, each caught and called by its name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.engines.tokenizer import open_tokenizer
from harness.models.merge.causes import find_cause
from harness.models.merge.merge import merge
from harness.models.parity.conversion import ParityPrompt
from harness.models.parity.merge import MergeParity, check_merge
from tests.engines.models import sentences, write_adapter, write_model

WEIGHTS = "model.safetensors"
QUERY = "model.layers.0.self_attn.q_proj.weight"
Trained = Literal["full", "nf4"]


@pytest.fixture(scope="session")
def prompts(tiny: Path) -> list[ParityPrompt]:
    """Eight of them."""
    tokenizer = open_tokenizer(tiny)
    encoded = {text: tokenizer.encode(text) for text in sentences(8, seed=5)}
    return [ParityPrompt(text, ids, len(ids)) for text, ids in encoded.items()]


def merged(base: Path, adapter: Path, out: Path, precision: Literal["full", "dequantized"]) -> Path:
    merge(base, adapter, out, precision)
    return out


def rewritten(folder: Path, **changes: torch.Tensor) -> Path:
    """The folder, with some of its tensors replaced."""
    tensors = {**load_file(folder / WEIGHTS), **changes}
    kept = {name: tensor.to(torch.float16).contiguous() for name, tensor in tensors.items()}
    save_file(kept, folder / WEIGHTS, {"format": "pt"})
    return folder


def wrong(found: MergeParity, name: str) -> str:
    """What is said of a merge that did not pass, for this very reason."""
    assert not found.parity.passed and found.cause is not None
    assert found.cause.name == name
    assert found.parity.reason.startswith(found.cause.words)
    assert "limit" in found.parity.reason
    return found.cause.words


@pytest.mark.parametrize(
    ("method", "precision", "trained"), [("lora", "full", "full"), ("qlora", "dequantized", "nf4")]
)
def test_a_right_merge_passes(
    tiny: Path,
    adapters: dict[str, Path],
    prompts: list[ParityPrompt],
    tmp_path: Path,
    method: str,
    precision: Literal["full", "dequantized"],
    trained: Trained,
) -> None:
    out = merged(tiny, adapters[method], tmp_path / "merged", precision)
    found = check_merge(tiny, adapters[method], out, prompts, trained)
    assert found.parity.passed and found.cause is None, found.parity.reason
    assert found.parity.prompts == 8
    assert found.parity.tokens == sum(len(prompt.ids) for prompt in prompts)
    assert find_cause(tiny, adapters[method], out, trained).name == "rounding"


@pytest.mark.parametrize(("method", "trained"), [("lora", "full"), ("qlora", "nf4")])
def test_an_adapter_that_was_not_applied_is_named(
    tiny: Path,
    adapters: dict[str, Path],
    prompts: list[ParityPrompt],
    tmp_path: Path,
    method: str,
    trained: Trained,
) -> None:
    alone = rewritten(Path(shutil.copytree(tiny, tmp_path / "alone")))
    found = check_merge(tiny, adapters[method], alone, prompts, trained)
    assert "not applied: the merged weights are the base's alone" in wrong(found, "not-applied")


def test_an_adapter_that_was_applied_in_part_is_named_with_a_tensor(
    tiny: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    out = merged(tiny, adapters["lora"], tmp_path / "merged", "full")
    rewritten(out, **{QUERY: load_file(tiny / WEIGHTS)[QUERY]})
    cause = find_cause(tiny, adapters["lora"], out, "full")
    assert cause.name == "not-applied"
    assert f"1 of 14 tensors, such as {QUERY}" in cause.words


def test_a_merge_into_another_base_is_named(
    tiny: Path,
    tokenizer: Path,
    adapters: dict[str, Path],
    prompts: list[ParityPrompt],
    tmp_path: Path,
) -> None:
    other = write_model(tmp_path / "other", tokenizer, "llama-wide", seed=1)
    out = merged(other, adapters["lora"], tmp_path / "merged", "full")
    found = check_merge(tiny, adapters["lora"], out, prompts, "full")
    assert "embed_tokens" in wrong(found, "other-base")


def test_a_qlora_merged_into_the_full_precision_base_is_named(
    tiny: Path, adapters: dict[str, Path], prompts: list[ParityPrompt], tmp_path: Path
) -> None:
    out = merged(tiny, adapters["qlora"], tmp_path / "merged", "full")
    found = check_merge(tiny, adapters["qlora"], out, prompts, "nf4")
    assert "full-precision base" in wrong(found, "full-base")


def test_a_lora_merged_into_nf4_values_is_named(
    tiny: Path, adapters: dict[str, Path], prompts: list[ParityPrompt], tmp_path: Path
) -> None:
    out = merged(tiny, adapters["lora"], tmp_path / "merged", "dequantized")
    found = check_merge(tiny, adapters["lora"], out, prompts, "full")
    assert "NF4" in wrong(found, "nf4-base")


def test_an_adapter_merged_at_another_scale_is_named_with_the_factor(
    tiny: Path, adapters: dict[str, Path], prompts: list[ParityPrompt], tmp_path: Path
) -> None:
    louder = Path(shutil.copytree(adapters["lora"], tmp_path / "louder"))
    config = json.loads((louder / "adapter_config.json").read_text())
    config["lora_alpha"] *= 2
    (louder / "adapter_config.json").write_text(json.dumps(config))
    out = merged(tiny, louder, tmp_path / "merged", "full")
    found = check_merge(tiny, adapters["lora"], out, prompts, "full")
    assert "at 2 times its scale" in wrong(found, "scaled")


def test_another_adapter_is_named(tiny: Path, adapters: dict[str, Path], tmp_path: Path) -> None:
    out = merged(tiny, adapters["qlora"], tmp_path / "merged", "full")
    cause = find_cause(tiny, adapters["lora"], out, "full")
    assert cause.name == "other-change"
    assert "14 of 14 tensors are not base + scale * B @ A" in cause.words


@pytest.mark.parametrize(
    "options",
    [{"use_dora": True}, {"modules_to_save": ["lm_head"]}, {"use_rslora": True}],
    ids=["DoRA", "a layer trained whole", "rank-stabilized"],
)
def test_other_kinds_of_adapters_are_understood(
    tokenizer: Path, tmp_path: Path, options: dict[str, Any]
) -> None:
    base = write_model(tmp_path / "base", tokenizer)
    adapter = write_adapter(tmp_path / "adapter", base, **options)
    out = merged(base, adapter, tmp_path / "merged", "full")
    assert find_cause(base, adapter, out, "full").name == "rounding"
    alone = rewritten(Path(shutil.copytree(base, tmp_path / "alone")))
    assert find_cause(base, adapter, alone, "full").name == "not-applied"
