"""Whole and damaged model folders, told apart without loading them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from harness.errors import BadModelError
from harness.models import sources
from harness.models.sources import (
    check_model_folder,
    fingerprint_file,
    fingerprint_folder,
    hidden_size,
)


@pytest.fixture
def folder(tiny: Path, tmp_path: Path) -> Path:
    one = shutil.ignore_patterns("tokenizer.json")  # of the two files, either would do
    return Path(shutil.copytree(tiny, tmp_path / "model", ignore=one))


def test_a_whole_folder_passes(tiny: Path) -> None:
    check_model_folder(tiny)


def test_a_truncated_file_is_named_with_both_sizes(folder: Path) -> None:
    weights = folder / "model.safetensors"
    size = weights.stat().st_size
    os.truncate(weights, size - 100)
    with pytest.raises(BadModelError, match=rf"model\.safetensors.*{size - 100}.*{size}"):
        check_model_folder(folder)


def test_a_missing_shard_is_named(folder: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(BadModelError, match="model-00002-of-00002"):
        check_model_folder(folder)


def test_pickled_weights_are_refused_with_a_way_out(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(BadModelError, match="pickle") as caught:
        check_model_folder(folder)
    assert "save_pretrained" in caught.value.hint


@pytest.mark.parametrize("file", ["config.json", "tokenizer.model", "model.safetensors"])
def test_a_missing_file_is_found(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(BadModelError):
        check_model_folder(folder)


def test_an_unreadable_config_is_found(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": ')
    with pytest.raises(BadModelError, match=r"config\.json"):
        check_model_folder(folder)


def test_a_fingerprint_is_of_contents_and_not_of_places(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    before = fingerprint_folder(folder, cache)
    assert fingerprint_folder(Path(shutil.copytree(folder, tmp_path / "copy")), cache) == before
    (folder / "README.md").write_text("notes")
    (folder / ".git").mkdir()
    (folder / ".git" / "config.json").write_text("{}")
    assert fingerprint_folder(folder, cache) == before
    (folder / "tokenizer_config.json").write_text("{}")
    changed = fingerprint_folder(folder, cache)
    (folder / "tokenizer_config.json").rename(folder / "tokenizer.json")
    assert len({before, changed, fingerprint_folder(folder, cache)}) == 3


def test_an_unchanged_file_is_not_read_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    first = fingerprint_folder(folder, cache)

    def refuse(*_: object) -> None:
        raise AssertionError("a file was read again")

    monkeypatch.setattr("hashlib.file_digest", refuse)
    assert fingerprint_folder(folder, cache) == first


def test_a_damaged_memory_is_forgotten(folder: Path, tmp_path: Path) -> None:
    first = fingerprint_folder(folder, tmp_path)
    (tmp_path / sources.FINGERPRINTS).write_text("{")
    assert fingerprint_folder(folder, tmp_path) == first


def test_a_missing_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BadModelError):
        fingerprint_folder(tmp_path / "none", tmp_path)
    with pytest.raises(BadModelError):
        fingerprint_file(tmp_path / "none.gguf", tmp_path)


def test_the_width_is_read_from_the_configuration(folder: Path) -> None:
    width = json.loads((folder / "config.json").read_text())["hidden_size"]
    assert hidden_size(folder) == width
    (folder / "config.json").write_text(json.dumps({"text_config": {"hidden_size": 7}}))
    assert hidden_size(folder) == 7
    (folder / "config.json").write_text("{}")
    with pytest.raises(BadModelError, match="hidden_size"):
        hidden_size(folder)


@pytest.mark.parametrize(
    "name", ["chat_template.jinja", "README.md", "tokenizer_config.json", "chat_templates"]
)
def test_a_text_of_a_model_is_no_link_to_a_file_of_this_machine(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "home" / "id_rsa"
    secret.parent.mkdir()
    secret.write_text("a key")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / name).symlink_to(secret.parent if name == "chat_templates" else secret)
    with pytest.raises(BadModelError, match=rf"{name} is a link that leads out"):
        fingerprint_folder(folder, tmp_path)


def test_weights_and_snapshots_of_the_hub_may_be_links(tmp_path: Path) -> None:
    snapshot, blobs = (
        tmp_path / "models--a--b" / "snapshots" / "c0",
        tmp_path / "models--a--b" / "blobs",
    )
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    (blobs / "1").write_text("{}")
    (tmp_path / "weights").write_bytes(b"weights")
    (snapshot / "config.json").symlink_to("../../blobs/1")
    (snapshot / "model.safetensors").symlink_to(tmp_path / "weights")
    assert fingerprint_folder(snapshot, tmp_path)
