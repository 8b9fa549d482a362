"""Safetensors headers that lie are refused before anything loads them, by what they say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.engines.safetensors_header import read_safetensors
from harness.errors import BadModelError

GOOD: dict[str, Any] = {
    "__metadata__": {"format": "pt"},
    "a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "b": {"dtype": "BF16", "shape": [4], "data_offsets": [24, 32]},
}


def write(folder: Path, header: object, length: int | None = None) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    file = folder / "model.safetensors"
    file.write_bytes(
        (len(text) if length is None else length).to_bytes(8, "little") + text + bytes(32)
    )
    return file


def changed(name: str, **fields: object) -> dict[str, Any]:
    return {**GOOD, name: {**GOOD[name], **fields}}


def test_a_header_that_does_not_lie_is_read(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    found = read_safetensors(file)
    assert found.shapes == {"a": (2, 3), "b": (4,)}
    assert found.file_bytes == file.stat().st_size


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ([], "it holds no names"),
        ({"a": [1]}, "'a' is no tensor"),
        (changed("a", dtype="F33"), "unknown type 'F33'"),
        (changed("a", dtype=["F32"]), r"unknown type \['F32'\]"),
        (changed("a", shape=[2, -3]), "no shape, or no place"),
        (changed("a", shape=[True, 6]), "no shape, or no place"),
        (changed("a", shape="23"), "no shape, or no place"),
        (changed("a", shape=[1 << 60, 3]), "no shape, or no place"),
        (changed("a", shape=[1 << 40, 1 << 40]), "has 24 bytes, which are not"),
        (changed("a", shape=[2, 2]), "has 24 bytes, which are not 2 × 2 F32"),
        (changed("a", dtype="F16"), "has 24 bytes, which are not 2 × 3 F16"),
        (changed("b", data_offsets=[32, 24]), "has -8 bytes"),
        (changed("b", data_offsets=[16, 24]), "'b' lies over 'a'"),
        (changed("b", data_offsets=[40, 48]), "'b' lies apart from 'a'"),
        (changed("b", data_offsets=[24]), "no shape, or no place"),
        (changed("b", data_offsets=[24.0, 32.0]), "no shape, or no place"),
        (b'{"a": 1, "a": 2}', "a name stands in it twice"),
        (b'{"a": ' + b"[" * 100_000, "nested too deep"),
        (b"\xff\xfe{}", "not readable"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not readable"),
    ],
)
def test_a_header_that_lies_is_refused_by_what_it_says(
    header: object, words: str, tmp_path: Path
) -> None:
    file = write(tmp_path, header)
    with pytest.raises(BadModelError, match=words) as caught:
        read_safetensors(file)
    assert str(file) in caught.value.message and caught.value.hint


@pytest.mark.parametrize("length", [1 << 40, 1 << 63, 10_000])
def test_a_header_longer_than_its_file_is_not_read(length: int, tmp_path: Path) -> None:
    with pytest.raises(BadModelError, match="less than its header"):
        read_safetensors(write(tmp_path, GOOD, length))


def test_a_header_beyond_measure_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    with file.open("wb") as stream:
        stream.write((1 << 30).to_bytes(8, "little"))
        stream.truncate(1 << 31)
    with pytest.raises(BadModelError, match="are the most"):
        read_safetensors(file)
