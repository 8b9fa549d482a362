"""The header of a GGUF file, read within bounds: a file of a stranger's may say anything of itself.

Every count and length is held against the bytes that are there before anything is read by it, so that the time
and memory that a header takes follow from the size of the file, and not from what stands in it.
The format is described in ggml's `docs/gguf.md`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from mmap import mmap
from typing import Any

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

MOST_VALUES = 10_000
MOST_TENSORS = 1 << 15
MOST_NAME_BYTES = 65_535
"""Of a key, by the format's description."""
MOST_TENSOR_NAME_BYTES = 63
"""ggml's own bound."""
MOST_TEXT_BYTES = 1 << 24
MOST_TEXTS = 1 << 22
"""Texts in all lists together; the largest vocabularies have some 300,000 tokens and as many merges."""
MOST_KEPT = 1024
"""Numbers of a list that are kept: one a layer, and no vocabulary."""
MOST_DIMENSIONS = 4
TOKENS = "tokenizer.ggml.tokens"
LARGEST_ALIGNMENT = 1 << 20

_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q"}
_SCALARS[12] = "d"
_BOOL, _STRING, _ARRAY = 7, 8, 9
_NUMBER = struct.Struct("<Q")


class GgufError(Exception):
    """A header cannot be read, or says what cannot be; the message is the end of a sentence about the file."""


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
class GgufArray:
    """A list of the metadata: how long it is, and its numbers where it has at most `MOST_KEPT`."""

    count: int
    texts: bool
    numbers: tuple[float, ...] = ()
    distinct: int = 0
    """Of the vocabulary: how many tokens are no other's; an empty one, which llama.cpp gives a name, is none."""
    spells: bool = False
    """Of the vocabulary: whether it has a token for each byte, as SentencePiece's has for what it does not know."""


@dataclass(frozen=True)
class GgufHeader:
    """What stands before the weights: single values, lists, and the tensors with their offsets from `data_start`."""

    metadata: Mapping[str, Any]
    arrays: Mapping[str, GgufArray]
    tensors: tuple[tuple[int, GgufTensor], ...]
    data_start: int


def read_header(content: mmap | bytes) -> GgufHeader:
    """Reads a header from the whole file's bytes.

    Raises:
        GgufError: it is no header, it goes beyond the end of the file or beyond what a model needs, or its
            tensors lie where they cannot.
    """
    if content[:4] != b"GGUF":
        raise GgufError("it does not begin with GGUF")
    reader = _Reader(content, 4)
    (version,) = reader.unpack("I")
    if version not in (2, 3):
        other = version in (2 << 24, 3 << 24)
        order = ", which is that of machines with another order of bytes" if other else ""
        raise GgufError(f"version {version} of the format is not known{order}")
    tensor_count, value_count = reader.unpack("QQ")
    for count, most, noun in (
        (tensor_count, MOST_TENSORS, "tensors"),
        (value_count, MOST_VALUES, "values"),
    ):
        if count > most:
            raise GgufError(f"it says that it has {count:,} {noun}, and no model has over {most:,}")
    metadata: dict[str, Any] = {}
    arrays: dict[str, GgufArray] = {}
    for _ in range(value_count):
        key = reader.text(MOST_NAME_BYTES)
        if key in metadata or key in arrays:
            raise GgufError(f"the key {key!r} stands in it twice")
        value = reader.value(key)
        if isinstance(value, GgufArray):
            arrays[key] = value
        else:
            metadata[key] = value
    alignment = _alignment(metadata.get("general.alignment", 32))
    tensors = tuple(reader.tensor() for _ in range(tensor_count))
    data_start = reader.place + -reader.place % alignment
    _check_places(tensors, alignment)
    return GgufHeader(metadata, arrays, tensors, data_start)


def _alignment(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise GgufError(f"its alignment is no number, but {value!r:.40}")
    if not 1 <= value <= LARGEST_ALIGNMENT or value & (value - 1):
        raise GgufError(f"its alignment is {value}, and no power of two up to {LARGEST_ALIGNMENT}")
    return value


def _check_places(tensors: tuple[tuple[int, GgufTensor], ...], alignment: int) -> None:
    seen: set[str] = set()
    for offset, tensor in tensors:
        if tensor.name in seen:
            raise GgufError(f"the tensor {tensor.name!r} stands in it twice")
        if offset % alignment:
            raise GgufError(f"the tensor {tensor.name!r} begins at {offset}, off its alignment")
        seen.add(tensor.name)
    end, last = 0, ""
    for offset, tensor in sorted(tensors, key=lambda pair: pair[0]):
        if offset < end:
            raise GgufError(f"its tensors {last!r} and {tensor.name!r} lie over each other")
        end, last = offset + tensor.bytes, tensor.name


class _Reader:
    """Goes through the bytes, and never beyond their end."""

    def __init__(self, content: mmap | bytes, place: int) -> None:
        self.content = content
        self.size = len(content)
        self.place = place
        self.texts = 0

    def unpack(self, layout: str) -> tuple[Any, ...]:
        layout = f"<{layout}"
        start = self.place
        self.pass_over(struct.calcsize(layout))
        return struct.unpack_from(layout, self.content, start)

    def pass_over(self, count: int) -> None:
        if count > self.size - self.place:
            raise GgufError("it ends in the middle of its header")
        self.place += count

    def text(self, most: int = MOST_TEXT_BYTES) -> str:
        (length,) = self.unpack("Q")
        start = self.place
        self.pass_over(length)
        if length > most:
            raise GgufError(f"it has a text of {length:,} bytes where {most:,} are the most")
        try:
            return self.content[start : self.place].decode()
        except UnicodeDecodeError:
            raise GgufError(f"a text of it, at byte {start}, is not UTF-8") from None

    def value(self, key: str) -> Any:
        """A value of the metadata; of a list, its length and a few numbers."""
        (kind,) = self.unpack("I")
        if kind == _STRING:
            return self.text()
        if kind == _ARRAY:
            return self._array(key)
        if kind not in _SCALARS:
            raise GgufError(f"the value of {key!r} is of the unknown type {kind}")
        (value,) = self.unpack(_SCALARS[kind])
        if kind == _BOOL:
            return bool(value)
        if isinstance(value, float) and not math.isfinite(value):
            raise GgufError(f"the value of {key!r} is {value}")
        return value

    def _array(self, key: str) -> GgufArray:
        item, count = self.unpack("IQ")
        if item == _STRING:
            return self._texts(count, key == TOKENS)
        if item not in _SCALARS:
            what = "another list" if item == _ARRAY else f"items of the unknown type {item}"
            raise GgufError(f"the list {key!r} holds {what}")
        start = self.place
        self.pass_over(count * struct.calcsize(_SCALARS[item]))
        if count > MOST_KEPT:
            return GgufArray(count, texts=False)
        numbers = struct.unpack_from(f"<{count}{_SCALARS[item]}", self.content, start)
        if not all(map(math.isfinite, numbers)):
            raise GgufError(f"the list {key!r} holds NaN or infinity")
        return GgufArray(count, texts=False, numbers=numbers)

    def _texts(self, count: int, told_apart: bool) -> GgufArray:
        """Goes over a list's texts, and looks at them where they are tokens."""
        self.texts += count
        if self.texts > MOST_TEXTS:
            raise GgufError(f"it says that its lists hold over {MOST_TEXTS:,} texts")
        place, last, content, length_at = (
            self.place,
            self.size - 8,
            self.content,
            _NUMBER.unpack_from,
        )
        seen: set[bytes] = set()
        unnamed = 0
        for _ in range(count):
            if place > last:
                raise GgufError("it ends in the middle of its header")
            start = place + 8
            place = start + length_at(content, place)[0]
            if told_apart and place - start <= MOST_NAME_BYTES:
                seen.add(content[start:place])
                unnamed += place == start
        self.pass_over(place - self.place)
        spelled = told_apart and all(
            {b"<0x%02X>" % byte, bytes([byte])} & seen for byte in range(256)
        )
        return GgufArray(count, True, (), len(seen) + max(unnamed - 1, 0), spelled)

    def tensor(self) -> tuple[int, GgufTensor]:
        name = self.text(MOST_TENSOR_NAME_BYTES)
        (dimensions,) = self.unpack("I")
        if not 1 <= dimensions <= MOST_DIMENSIONS:
            raise GgufError(f"the tensor {name!r} has {dimensions} dimensions")
        shape = self.unpack(f"{dimensions}Q")
        type_id, offset = self.unpack("IQ")
        if type_id not in TENSOR_TYPES:
            raise GgufError(f"the tensor {name!r} has the unknown type {type_id}")
        type_name, block, block_bytes = TENSOR_TYPES[type_id]
        if not all(shape) or shape[0] % block:
            raise GgufError(
                f"the tensor {name!r} cannot have the shape {' × '.join(map(str, shape))} as {type_name}"
            )
        size = math.prod(shape) // block * block_bytes
        if size > self.size:
            raise GgufError(f"the tensor {name!r} has more bytes ({size:,}) than the file")
        return offset, GgufTensor(name, type_name, shape, size)
