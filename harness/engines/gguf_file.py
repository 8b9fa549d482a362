"""What a GGUF file holds, read from its header alone.

Bits per weight, the types that quantization really gave, and whether the file is whole and can be what it says:
without llama.cpp and without reading a weight. llama.cpp is given no file that was not read here first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from harness.engines.gguf_claims import check_claims
from harness.engines.gguf_header import GgufError, GgufHeader, GgufTensor, read_header
from harness.errors import BadModelError

_REMEDY = "The file is incomplete, damaged or not a GGUF: make it or fetch it again."


@dataclass(frozen=True)
class GgufInfo:
    """The header of a GGUF file. `metadata` leaves lists out, which hold the vocabulary."""

    metadata: Mapping[str, Any]
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
        return self.tensor_bytes * 8 / self.parameters if self.tensors else 0.0


def gguf_info(path: Path) -> GgufInfo:
    """Reads a header; checks that the file is as long as it says and that its figures can be a model's.

    Raises:
        BadModelError: there is no such file, it is no GGUF, it is truncated, or what it says cannot be.
    """
    if not path.is_file():
        raise BadModelError(f"There is no GGUF file at {path}.", "Check the path of `gguf:`.")
    try:
        header, size = _header(path)
        check_claims(header)
    except GgufError as error:
        raise BadModelError(f"{path} has an unreadable header: {error}.", _REMEDY) from None
    except OSError as error:
        raise BadModelError(f"{path} cannot be read: {error.strerror}.", _REMEDY) from None
    end = max((header.data_start + offset + of.bytes for offset, of in header.tensors), default=0)
    part = header.metadata.get("split.count", 0)
    if size < end or not (header.tensors or part):
        raise BadModelError(f"{path} is truncated: {end} bytes expected, {size} found.", _REMEDY)
    return GgufInfo(header.metadata, tuple(tensor for _, tensor in header.tensors), size)


def _header(path: Path) -> tuple[GgufHeader, int]:
    with path.open("rb") as file:
        size = path.stat().st_size
        if size < 24:
            start = file.read(4)
            said = "it ends in the middle of its header"
            raise GgufError(said if start == b"GGUF" else "it does not begin with GGUF")
        with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            return read_header(content), size
