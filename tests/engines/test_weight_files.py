from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from harness.engines.weight_files import adapter_files, safetensors_bytes, weight_files
from harness.errors import BadModelError
from tests.conftest import Models


def test_whole_files_are_listed(models: Models) -> None:
    assert weight_files(models.llama) == [models.llama / "model.safetensors"]
    assert adapter_files(models.lora) == [models.lora / "adapter_model.safetensors"]


@pytest.mark.parametrize("shape", [(0,), (3, 5), (2, 3, 4)])
def test_the_size_in_the_header_is_the_size_of_the_file(
    tmp_path: Path, shape: tuple[int, ...]
) -> None:
    file = tmp_path / "x.safetensors"
    save_file({"a": torch.zeros(shape), "b": torch.zeros(2, dtype=torch.bfloat16)}, file, {"x": ""})
    assert safetensors_bytes(file) == file.stat().st_size


@pytest.mark.parametrize("kept", [0, 4, 8, 100, -1])
def test_a_file_cut_short_is_told_with_its_size(models: Models, tmp_path: Path, kept: int) -> None:
    folder = tmp_path / "cut"
    shutil.copytree(models.llama, folder)
    file = folder / "model.safetensors"
    content = file.read_bytes()[:kept]
    file.write_bytes(content)
    with pytest.raises(BadModelError, match=rf"model\.safetensors is .*{len(content)} bytes"):
        weight_files(folder)


def test_a_file_that_is_no_safetensors_is_told(models: Models, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    shutil.copytree(models.llama, folder)
    (folder / "model.safetensors").write_bytes((5).to_bytes(8, "little") + b"<html><html>")
    with pytest.raises(BadModelError, match="header is not readable"):
        weight_files(folder)


def test_a_part_that_the_index_names_must_be_there(models: Models, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    shutil.copytree(models.llama, folder)
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(BadModelError, match=r"model-2\.safetensors is missing"):
        weight_files(folder)


def test_what_lacks_weights_or_configuration_is_told(models: Models, tmp_path: Path) -> None:
    with pytest.raises(BadModelError, match="does not exist"):
        weight_files(tmp_path / "nothing")
    with pytest.raises(BadModelError, match=r"no config\.json"):
        weight_files(tmp_path)
    shutil.copy(models.llama / "config.json", tmp_path)
    with pytest.raises(BadModelError, match="holds no weights"):
        weight_files(tmp_path)
    with pytest.raises(BadModelError, match=r"no adapter_config\.json"):
        adapter_files(tmp_path)
