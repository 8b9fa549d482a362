"""Merged weights against base and adapter side by side."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Literal

import pytest
import torch
from safetensors.torch import load_file, save_file

from harness.engines.hf.adapter import apply_adapter
from harness.errors import BadModelError
from harness.models.finetune.base_model import load_base, replace_by_nf4_values
from harness.models.merge.merge import merge

CPU = torch.device("cpu")
IDS = torch.tensor([[1, 300, 290, 333, 280, 399, 265]])
TOLERANCE = 0.02


def logits(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model(input_ids=IDS).logits
    return found


def far(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one - other).abs().max())


@pytest.mark.parametrize(("method", "precision"), [("lora", "full"), ("qlora", "dequantized")])
def test_a_merged_model_is_base_plus_adapter(
    tiny: Path,
    adapters: dict[str, Path],
    tmp_path: Path,
    method: str,
    precision: Literal["full", "dequantized"],
) -> None:
    merge(tiny, adapters[method], tmp_path / "merged", precision)
    merged = logits(load_base(tmp_path / "merged"))
    base = load_base(tiny)
    if method == "qlora":
        replace_by_nf4_values(base)
    alone = logits(base)
    assert far(alone, merged) > 10 * TOLERANCE, "an adapter not applied would go unseen"
    assert far(logits(apply_adapter(base, adapters[method], CPU)), merged) < TOLERANCE


def test_a_qlora_adapter_does_not_fit_the_full_base(
    tiny: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    merge(tiny, adapters["qlora"], tmp_path / "right", "dequantized")
    merge(tiny, adapters["qlora"], tmp_path / "wrong", "full")
    right, wrong = (logits(load_base(tmp_path / name)) for name in ("right", "wrong"))
    assert far(right, wrong) > 10 * TOLERANCE


def test_a_merged_folder_is_float16_with_the_base_tokenizer(
    tiny: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    merge(tiny, adapters["lora"], tmp_path / "merged", "full")
    tensors = load_file(tmp_path / "merged" / "model.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    assert set(tensors) == set(load_file(tiny / "model.safetensors"))
    for name in ("tokenizer.model", "tokenizer_config.json", "generation_config.json"):
        assert (tmp_path / "merged" / name).read_bytes() == (tiny / name).read_bytes()
    config = json.loads((tmp_path / "merged" / "config.json").read_text())
    base = json.loads((tiny / "config.json").read_text())
    for changed in ("dtype", "torch_dtype"):
        config.pop(changed, None)
        base.pop(changed, None)
    assert config == base


def scaled_copy(adapter: Path, out: Path, factor: float) -> Path:
    shutil.copytree(adapter, out)
    tensors = load_file(out / "adapter_model.safetensors")
    grown = {name: factor * tensor for name, tensor in tensors.items()}
    save_file(grown, out / "adapter_model.safetensors", {"format": "pt"})
    return out


def test_a_weight_beyond_float16_is_named(
    tiny: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    grown = scaled_copy(adapters["lora"], tmp_path / "grown", 1e4)
    with pytest.raises(BadModelError, match=r"merged weight .*proj.* float16"):
        merge(tiny, grown, tmp_path / "merged", "full")


def test_an_adapter_of_another_model_is_refused(
    tiny: Path, adapters: dict[str, Path], tmp_path: Path
) -> None:
    other = Path(shutil.copytree(adapters["lora"], tmp_path / "other"))
    tensors = load_file(other / "adapter_model.safetensors")
    renamed = {name.replace("layers.1.", "layers.7."): t for name, t in tensors.items()}
    save_file(renamed, other / "adapter_model.safetensors", {"format": "pt"})
    with pytest.raises(BadModelError, match=r"layers\.7"):
        merge(tiny, other, tmp_path / "merged", "full")


def test_a_missing_adapter_is_named(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(BadModelError, match="adapter_config"):
        merge(tiny, tmp_path, tmp_path / "merged", "full")
