"""Random models of every family, from a configuration to a GGUF that answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from harness.engines import EngineSpec, open_engine
from harness.errors import BadModelError
from harness.models.convert import convert
from harness.models.quantize import quantize
from harness.models.random_weights import write_random_model
from harness.models.shapes import SHAPES, configuration
from harness.models.sources import check_model_folder

SMALL = {
    "vocab_size": 4096,
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
}
FAMILIES = (
    "llama-2-7b",
    "llama-3.1-8b",
    "mistral-7b",
    "qwen2.5-3b",
    "qwen3-0.6b",
    "phi-3.5-mini",
    "gemma-2-2b",
    "gemma-3-1b",
    "smollm2-135m",
)


def small(name: str) -> dict[str, object]:
    changed: dict[str, object] = dict(SMALL)
    if name == "phi-3.5-mini":
        turned = {**SHAPES[name]["rope_parameters"], "short_factor": [1.0] * 32}
        changed["rope_parameters"] = {**turned, "long_factor": [1.0] * 32}
        changed["original_max_position_embeddings"] = 256
    return configuration(name, changed)


def written(tmp_path: Path, name: str, **options: int) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    write_random_model(folder, small(name), **{"seed": 0, **options})
    return folder


@pytest.mark.parametrize("name", FAMILIES)
def test_a_random_model_goes_all_the_way_to_a_gguf_that_answers(tmp_path: Path, name: str) -> None:
    folder = written(tmp_path, name)
    check_model_folder(folder)
    convert(folder, tmp_path / "f16.gguf")
    quantize(tmp_path / "f16.gguf", tmp_path / "q4.gguf", "Q4_K_M", 1)
    ids = [1, *range(300, 340)]
    for spec in (
        EngineSpec(weights=str(folder), dtype="float32", threads=1),
        EngineSpec(gguf=str(tmp_path / "q4.gguf"), threads=1),
    ):
        engine = open_engine(spec)
        try:
            (rows,) = engine.distributions(ids, 64)
            assert rows.shape[0] == len(ids)
            assert rows.std() > 0
            assert abs(float(torch.logsumexp(torch.tensor(rows[-1]), 0))) < 1e-3
        finally:
            engine.close()


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(tmp_path: Path) -> None:
    files = []
    for place, seed in (("a", 0), ("b", 0), ("c", 1)):
        (tmp_path / place).mkdir()
        folder = written(tmp_path / place, "llama-2-7b", seed=seed)
        files.append((folder / "model-00001-of-00001.safetensors").read_bytes())
    assert files[0] == files[1] != files[2]


def test_shards_hold_every_weight_once_and_no_more_than_fits(tmp_path: Path) -> None:
    limit = 2_500_000
    folder = written(tmp_path, "qwen2.5-3b", shard_bytes=limit)
    index = json.loads((folder / "model.safetensors.index.json").read_text())
    files = sorted(folder.glob("*.safetensors"))
    assert len(files) > 1
    found: dict[str, str] = {}
    for file in files:
        with safe_open(file, "pt") as tensors:
            names = list(tensors.keys())
            assert len(names) == 1 or file.stat().st_size < limit + 10_000
            found |= dict.fromkeys(names, file.name)
    assert found == index["weight_map"]
    assert "lm_head.weight" not in found, "tied to the embeddings"


def test_an_impossible_shape_is_refused(tmp_path: Path) -> None:
    config = configuration("llama-2-7b", {**SMALL, "hidden_act": "nonsense"})
    with pytest.raises(BadModelError, match="cannot build a llama of this shape"):
        write_random_model(tmp_path, config, seed=0)
