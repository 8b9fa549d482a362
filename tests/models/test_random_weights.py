"""Random models from a configuration; `tests/pipeline/test_families.py` takes them the whole way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors import safe_open

from harness.errors import BadModelError
from harness.models import random_weights
from harness.models.random_weights import write_random_model
from harness.models.shapes import configuration

SMALL = {
    "vocab_size": 4096,
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}


def written(tmp_path: Path, name: str, seed: int = 0) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    write_random_model(folder, configuration(name, SMALL), seed)
    return folder


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(tmp_path: Path) -> None:
    files = []
    for place, seed in (("a", 0), ("b", 0), ("c", 1)):
        (tmp_path / place).mkdir()
        folder = written(tmp_path / place, "llama-2-7b", seed=seed)
        files.append((folder / "model-00001-of-00001.safetensors").read_bytes())
    assert files[0] == files[1] != files[2]


def test_shards_hold_every_weight_once_and_no_more_than_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 2_500_000
    monkeypatch.setattr(random_weights, "SHARD_BYTES", limit)
    folder = tmp_path / "model"
    folder.mkdir()
    count = write_random_model(folder, configuration("qwen2.5-3b", SMALL), seed=0)
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    files = sorted(folder.glob("*.safetensors"))
    assert len(files) > 1
    found: dict[str, str] = {}
    for file in files:
        with safe_open(file, "pt") as tensors:
            names = list(tensors.keys())
            assert len(names) == 1 or file.stat().st_size < limit + 10_000
            found |= dict.fromkeys(names, file.name)
            count -= sum(tensors.get_tensor(name).numel() for name in names)
    assert count == 0
    assert found == index["weight_map"]
    assert "lm_head.weight" not in found, "tied to the embeddings"


def test_an_impossible_shape_is_refused(tmp_path: Path) -> None:
    config = configuration("llama-2-7b", {**SMALL, "hidden_act": "nonsense"})
    with pytest.raises(BadModelError, match="cannot build a llama of this shape"):
        write_random_model(tmp_path, config, seed=0)
