"""Small models run on one thread, others on all that a worker may take."""

from __future__ import annotations

import os
from pathlib import Path

from harness.runner.threads import SMALL_MODEL_BYTES, threads_for


def sparse(file: Path, size: int) -> Path:
    file.touch()
    os.truncate(file, size)
    return file


def test_a_gguf_is_judged_by_its_size(tmp_path: Path) -> None:
    file = sparse(tmp_path / "m.gguf", SMALL_MODEL_BYTES - 1)
    assert threads_for(file, 8) == 1
    assert threads_for(sparse(file, SMALL_MODEL_BYTES), 8) == 8


def test_a_folder_is_judged_by_all_its_shards(tmp_path: Path) -> None:
    sparse(tmp_path / "a.safetensors", SMALL_MODEL_BYTES // 2)
    sparse(tmp_path / "notes.txt", SMALL_MODEL_BYTES)
    assert threads_for(tmp_path, 8) == 1
    sparse(tmp_path / "b.safetensors", SMALL_MODEL_BYTES // 2)
    assert threads_for(tmp_path, 8) == 8


def test_pickled_weights_count_where_there_are_no_others(tmp_path: Path) -> None:
    sparse(tmp_path / "pytorch_model.bin", SMALL_MODEL_BYTES)
    assert threads_for(tmp_path, 8) == 8
    sparse(tmp_path / "model.safetensors", 1)
    assert threads_for(tmp_path, 8) == 1
