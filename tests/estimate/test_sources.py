"""Shapes from files that are here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.engines.gguf_file import gguf_info
from harness.estimate.files import checkpoint_bytes, gguf_bytes
from harness.estimate.shape import gguf_config, read_shape
from harness.models.gguf.convert import convert
from harness.models.random_weights import write_random_model
from harness.models.shapes import configuration
from harness.starter import MODEL_FOLDER
from tests.estimate.suites import by_name, forecasted

SMALL = {
    "num_hidden_layers": 2,
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 64,
    "vocab_size": 4096,
}


def test_a_gguf_tells_the_shape_of_the_weights_it_was_made_from(tmp_path: Path) -> None:
    for family in ("qwen2.5-0.5b", "llama-3.1-8b"):
        folder = tmp_path / family
        folder.mkdir()
        config = configuration(family, SMALL)
        write_random_model(folder, config, seed=0)
        convert(folder, tmp_path / f"{family}.gguf")
        found = read_shape(gguf_config(gguf_info(tmp_path / f"{family}.gguf")))
        expected = read_shape(json.loads((folder / "config.json").read_text()))
        assert found.parameters == expected.parameters
        assert found.cache_values == expected.cache_values
        same = pytest.approx(gguf_bytes(expected, "F16"), rel=1e-3)
        assert gguf_bytes(found, "F16") == same


def test_files_that_are_here_need_no_download_and_no_room(tmp_path: Path) -> None:
    convert(MODEL_FOLDER, tmp_path / "own.gguf")
    models = f"  base: {{source: {MODEL_FOLDER}}}\n  own: {{gguf: own.gguf}}\n"
    found = by_name(forecasted(tmp_path, models))
    shape = read_shape(json.loads((MODEL_FOLDER / "config.json").read_text()))
    assert found["base"].parameters == found["own"].parameters == shape.parameters
    assert found["base"].disk_bytes == found["own"].disk_bytes == 0
    answering = found["own"].largest("ask")
    assert answering is not None
    assert answering.resident.of("weights") == (tmp_path / "own.gguf").stat().st_size
    assert checkpoint_bytes(shape) > 0


def test_a_file_that_is_no_gguf_is_named_in_its_row(tmp_path: Path) -> None:
    (tmp_path / "own.gguf").write_bytes(b"GGUF and no more")
    found = by_name(forecasted(tmp_path, "  own: {gguf: own.gguf}\n"))
    assert "unreadable header" in found["own"].problem
