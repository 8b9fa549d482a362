"""GGUF files taken apart into fields and written again, each of which may lie."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.engines.gguf_header import TENSOR_TYPES

UINT8, INT8, UINT16, INT16, UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY, UINT64, INT64, FLOAT64 = (
    range(13)
)
LAYOUTS = {
    UINT8: "B",
    INT8: "b",
    UINT16: "H",
    INT16: "h",
    UINT32: "I",
    INT32: "i",
    FLOAT32: "f",
    BOOL: "B",
    UINT64: "Q",
    INT64: "q",
    FLOAT64: "d",
}
F32 = 0


@dataclass
class Value:
    """A value of the metadata; of a list `item` is the type of its items, and `count` what it claims to hold."""

    kind: int
    value: Any
    item: int = 0
    count: int | None = None

    def packed(self) -> bytes:
        """With its type in front."""
        return struct.pack("<I", self.kind) + self._contents()

    def _contents(self) -> bytes:
        if self.kind == STRING:
            return text(self.value)
        if self.kind != ARRAY:
            return struct.pack(f"<{LAYOUTS[self.kind]}", self.value)
        count = len(self.value) if self.count is None else self.count
        items = b"".join(Value(self.item, value)._contents() for value in self.value)
        return struct.pack("<IQ", self.item, count) + items


@dataclass
class Tensor:
    """A tensor as the header tells of it; without an offset it lies behind the one before."""

    name: str | bytes
    shape: tuple[int, ...]
    type: int = F32
    offset: int | None = None
    dimensions: int | None = None

    @property
    def bytes(self) -> int:
        """What its weights take, as far as its type is known."""
        _, block, size = TENSOR_TYPES.get(self.type, ("", 1, 4))
        return math.prod(self.shape) // block * size


@dataclass
class Gguf:
    """All that a file says; `tail` stands in place of the weights."""

    values: dict[str | bytes, Value] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    weights: bytes = b""
    magic: bytes = b"GGUF"
    version: int = 3
    value_count: int | None = None
    tensor_count: int | None = None
    alignment: int = 32

    def packed(self) -> bytes:
        """The file's bytes."""
        counts = (
            len(self.tensors) if self.tensor_count is None else self.tensor_count,
            len(self.values) if self.value_count is None else self.value_count,
        )
        parts = [self.magic, struct.pack("<IQQ", self.version, *counts)]
        parts += [text(key) + value.packed() for key, value in self.values.items()]
        offset = 0
        for tensor in self.tensors:
            place = offset if tensor.offset is None else tensor.offset
            dimensions = len(tensor.shape) if tensor.dimensions is None else tensor.dimensions
            parts.append(text(tensor.name) + struct.pack("<I", dimensions))
            parts.append(struct.pack(f"<{len(tensor.shape)}Q", *tensor.shape))
            parts.append(struct.pack("<IQ", tensor.type, place % (1 << 64)))
            offset += -(-tensor.bytes // self.alignment) * self.alignment
        header = b"".join(parts)
        return header + bytes(-len(header) % self.alignment) + self.weights

    def write(self, file: Path) -> Path:
        """Writes the file, and gives it back."""
        file.write_bytes(self.packed())
        return file


def text(value: str | bytes) -> bytes:
    """A text with its length in front."""
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def small() -> Gguf:
    """A Llama of two layers and 300 tokens, as far as a header can be one; all its weights are 0."""
    width, inner, tokens, keys = 8, 16, 300, 4
    gguf = Gguf()
    numbers = {
        "block_count": 2,
        "context_length": 64,
        "embedding_length": width,
        "feed_forward_length": inner,
        "attention.head_count": 2,
        "attention.head_count_kv": 1,
    }
    gguf.values["general.architecture"] = Value(STRING, "llama")
    gguf.values["general.name"] = Value(STRING, "Small")
    for key, number in numbers.items():
        gguf.values[f"llama.{key}"] = Value(UINT32, number)
    gguf.values["llama.attention.layer_norm_rms_epsilon"] = Value(FLOAT32, 1e-5)
    gguf.values["tokenizer.ggml.model"] = Value(STRING, "llama")
    bytes_of = [f"<0x{byte:02X}>" for byte in range(256)]
    named = ["<unk>", "<s>", "</s>", *bytes_of]
    named += [f"word{number}" for number in range(tokens - len(named))]
    gguf.values["tokenizer.ggml.tokens"] = Value(ARRAY, named, STRING)
    gguf.values["tokenizer.ggml.scores"] = Value(ARRAY, [0.0] * tokens, FLOAT32)
    kinds = [2, 3, 3, *[6] * 256, *[1] * (tokens - 259)]
    gguf.values["tokenizer.ggml.token_type"] = Value(ARRAY, kinds, INT32)
    gguf.values["tokenizer.ggml.bos_token_id"] = Value(UINT32, 1)
    gguf.values["tokenizer.ggml.eos_token_id"] = Value(UINT32, 2)
    gguf.values["tokenizer.chat_template"] = Value(STRING, "{{ messages[0].content }}")
    shapes = {
        "attn_norm": (width,),
        "ffn_norm": (width,),
        "attn_q": (width, width),
        "attn_k": (width, keys),
        "attn_v": (width, keys),
        "attn_output": (width, width),
        "ffn_gate": (width, inner),
        "ffn_up": (width, inner),
        "ffn_down": (inner, width),
    }
    gguf.tensors = [
        Tensor("output.weight", (width, tokens)),
        Tensor("token_embd.weight", (width, tokens)),
        Tensor("output_norm.weight", (width,)),
    ]
    gguf.tensors += [
        Tensor(f"blk.{layer}.{name}.weight", shape)
        for layer in range(2)
        for name, shape in shapes.items()
    ]
    gguf.weights = bytes(sum(-(-tensor.bytes // 32) * 32 for tensor in gguf.tensors))
    return gguf


def taken_apart(file: Path) -> Gguf:
    """The fields of a file whose tensors are all float32."""
    content = file.read_bytes()
    place = 24

    def take(layout: str) -> Any:
        nonlocal place
        (found,) = struct.unpack_from(f"<{layout}", content, place)
        place += struct.calcsize(layout)
        return found

    def take_text() -> bytes:
        nonlocal place
        length = take("Q")
        place += length
        return content[place - length : place]

    def take_value(kind: int) -> Any:
        return take_text() if kind == STRING else take(LAYOUTS[kind])

    tensor_count, value_count = struct.unpack_from("<QQ", content, 8)
    gguf = Gguf()
    for _ in range(value_count):
        key, kind = take_text().decode(), take("I")
        if kind == ARRAY:
            item, count = take("I"), take("Q")
            gguf.values[key] = Value(ARRAY, [take_value(item) for _ in range(count)], item)
        else:
            gguf.values[key] = Value(kind, take_value(kind))
    for _ in range(tensor_count):
        name, dimensions = take_text().decode(), take("I")
        shape = tuple(take("Q") for _ in range(dimensions))
        gguf.tensors.append(Tensor(name, shape, take("I")))
        place += 8
    gguf.weights = content[place + -place % 32 :]
    return gguf
