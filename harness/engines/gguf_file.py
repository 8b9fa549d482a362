"""What a GGUF file holds, read from its header alone.

Bits per weight, the types that quantization really gave, and whether the file is whole: without
llama.cpp and without reading a weight. The format is described in ggml's `docs/gguf.md`.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from harness.errors import BadModelError

TENSOR_TYPES: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
}
"""Of each tensor type: its name, weights of a block, bytes of a block."""

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q"}
_SCALARS[12] = "d"
_STRING, _ARRAY = 8, 9
_LONGEST = 1 << 31
_REMEDY = "The file is incomplete or not a GGUF: make it or fetch it again."


@dataclass(frozen=True)
class GgufTensor:
    """A tensor of a file; `shape` as ggml writes it, the row length first."""

    name: str
    type: str
    shape: tuple[int, ...]
    bytes: int

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class GgufInfo:
    """The header of a GGUF file. `metadata` leaves arrays out, which hold the vocabulary."""

    metadata: dict[str, Any]
    tensors: tuple[GgufTensor, ...]
    file_bytes: int

    @property
    def architecture(self) -> str:
        """llama.cpp's name of the architecture, such as "llama"."""
        return str(self.metadata.get("general.architecture", ""))

    @property
    def parameters(self) -> int:
        """Number of weights in the file; tied weights stand in it once."""
        return sum(tensor.parameters for tensor in self.tensors)

    @property
    def tensor_bytes(self) -> int:
        """Bytes of the weights, without metadata and padding."""
        return sum(tensor.bytes for tensor in self.tensors)

    @property
    def bits_per_weight(self) -> float:
        """Bits that a weight takes up on average over all tensors."""
        return self.tensor_bytes * 8 / self.parameters


def gguf_info(path: Path) -> GgufInfo:
    """Reads a header and checks that the file is as long as it says.

    Raises:
        BadModelError: there is no such file, it is no GGUF, or it is truncated.
    """
    if not path.is_file():
        raise BadModelError(f"There is no GGUF file at {path}.", "Check the path of `gguf:`.")
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            metadata, entries = _read_header(file)
        except (EOFError, struct.error, UnicodeDecodeError, KeyError, OverflowError) as error:
            raise BadModelError(f"{path} has an unreadable header: {error}.", _REMEDY) from error
        data_start = file.tell()
    alignment = int(metadata.get("general.alignment", 32))
    data_start += -data_start % alignment
    end = max((data_start + offset + tensor.bytes for offset, tensor in entries), default=0)
    if not entries or size < end:
        raise BadModelError(f"{path} is truncated: {end} bytes expected, {size} found.", _REMEDY)
    return GgufInfo(metadata, tuple(tensor for _, tensor in entries), size)


def _read_header(file: BinaryIO) -> tuple[dict[str, Any], list[tuple[int, GgufTensor]]]:
    if file.read(4) != b"GGUF":
        raise EOFError("it does not begin with GGUF")
    version, tensor_count, value_count = _unpack(file, "IQQ")
    if version not in (2, 3):
        raise EOFError(f"version {version} of the format is not known")
    metadata: dict[str, Any] = {}
    for _ in range(value_count):
        key = _string(file)
        value = _value(file, _unpack(file, "I")[0])
        if value is not None:
            metadata[key] = value
    return metadata, [_tensor(file) for _ in range(tensor_count)]


def _tensor(file: BinaryIO) -> tuple[int, GgufTensor]:
    name = _string(file)
    (dimensions,) = _unpack(file, "I")
    if dimensions > 8:
        raise EOFError(f"tensor {name} has {dimensions} dimensions")
    shape = _unpack(file, f"{dimensions}Q")
    type_id, offset = _unpack(file, "IQ")
    if type_id not in TENSOR_TYPES:
        raise EOFError(f"tensor {name} has the unknown type {type_id}")
    type_name, block, block_bytes = TENSOR_TYPES[type_id]
    size = math.prod(shape) // block * block_bytes
    return offset, GgufTensor(name, type_name, shape, size)


def _value(file: BinaryIO, kind: int) -> Any:
    """A value of the metadata; an array is passed over and gives None."""
    if kind == _STRING:
        return _string(file)
    if kind != _ARRAY:
        return _unpack(file, _SCALARS[kind])[0]
    item, count = _unpack(file, "IQ")
    if item in _SCALARS:
        _skip(file, count * struct.calcsize(_SCALARS[item]))
        return None
    for _ in range(count):
        if item == _STRING:
            _skip(file, _unpack(file, "Q")[0])
        else:
            _value(file, item)
    return None


def _skip(file: BinaryIO, count: int) -> None:
    if count > _LONGEST:
        raise EOFError(f"it has a value of {count} bytes")
    file.seek(count, 1)


def _string(file: BinaryIO) -> str:
    return _read(file, _unpack(file, "Q")[0]).decode()


def _unpack(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    return struct.unpack(f"<{layout}", _read(file, struct.calcsize(f"<{layout}")))


def _read(file: BinaryIO, count: int) -> bytes:
    data = file.read(count) if count <= _LONGEST else b""
    if len(data) != count:
        raise EOFError("it ends in the middle of its header")
    return data
