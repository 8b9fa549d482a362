"""The header of a safetensors file, held against the file's size and against itself before anything is loaded.

The format (https://github.com/huggingface/safetensors#format) wants the tensors to fill the bytes behind the header,
one behind the other, each as long as its shape and type say.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import BadModelError

AGAIN = "The download or copy was probably interrupted: fetch or save the file again."
MOST_HEADER_BYTES = 25_000_000
"""One with 60,000 tensors has some 7 MB; what JSON makes of its text takes up to 20 times as much memory."""
BITS = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E5M2FNUZ": 8, "F8_E4M3FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip
"""Of a value, by the format's names of types."""


@dataclass(frozen=True)
class SafetensorsHeader:
    """Shapes by name, and the size that the whole file must have in bytes."""

    shapes: Mapping[str, tuple[int, ...]]
    file_bytes: int


def read_safetensors(path: Path) -> SafetensorsHeader:
    """Reads a header; whether the file is as long as it says is for the caller to hold against it.

    Raises:
        BadModelError: it cannot be read, or its tensors cannot lie as it says.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else size
        if length > size - 8:
            raise BadModelError(
                f"{path} is damaged: it has {size} bytes, which is less than its header.", AGAIN
            )
        if length > MOST_HEADER_BYTES:
            raise BadModelError(
                f"{path} is not a safetensors file: its header has {length:,} bytes, and {MOST_HEADER_BYTES:,} "
                "are the most.",
                AGAIN,
            )
        try:
            header = json.loads(file.read(length), object_pairs_hook=_without_doubles)
            tensors = _tensors(header)
        except (ValueError, RecursionError) as error:
            why = "it is nested too deep" if isinstance(error, RecursionError) else error
            raise BadModelError(
                f"{path} is not a safetensors file: its header is not readable ({why}).", AGAIN
            ) from None
    end = max((end for _, _, end in tensors.values()), default=0)
    return SafetensorsHeader({name: of[0] for name, of in tensors.items()}, 8 + length + end)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def _tensors(header: Any) -> dict[str, tuple[tuple[int, ...], int, int]]:
    """Shape, beginning and end by name, in bytes behind the header."""
    if not isinstance(header, dict):
        raise ValueError("it holds no names")
    found = {name: _tensor(name, entry) for name, entry in header.items() if name != "__metadata__"}
    reached, last = 0, ""
    for name, (_, begin, end) in sorted(found.items(), key=lambda item: item[1][1:]):
        if begin != reached:
            where = "over" if begin < reached else "apart from"
            raise ValueError(f"{name!r:.100} lies {where} {last!r:.100}")
        reached, last = end, name
    return found


def _tensor(name: str, entry: Any) -> tuple[tuple[int, ...], int, int]:
    if not isinstance(entry, dict):
        raise ValueError(f"{name!r:.100} is no tensor")
    dtype: Any = entry.get("dtype")
    shape: Any = entry.get("shape")
    offsets: Any = entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in BITS:
        raise ValueError(f"{name!r:.100} is of the unknown type {dtype!r:.40}")
    if not _are_counts(shape) or not _are_counts(offsets) or len(offsets) != 2:
        raise ValueError(f"{name!r:.100} has no shape, or no place")
    begin, end = offsets
    bits = math.prod(shape) * BITS[dtype]
    if end < begin or (end - begin) * 8 != bits:
        shown = " × ".join(map(str, shape))
        raise ValueError(
            f"{name!r:.100} has {end - begin:,} bytes, which are not {shown:.100} {dtype}"
        )
    return tuple(shape), begin, end


def _are_counts(values: Any) -> bool:
    return isinstance(values, list) and all(type(of) is int and 0 <= of < 1 << 48 for of in values)
