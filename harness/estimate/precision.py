"""How weights are held while they are used: bytes of each precision, scales included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from harness.errors import InputError
from harness.estimate.shape import Shape

Device = Literal["cpu", "cuda"]

ITEM_BYTES: Mapping[str, int] = {"float32": 4, "float16": 2, "bfloat16": 2}
"""Of a value of each dtype."""
LINEAR_BYTES: Mapping[tuple[str, Device], float] = {
    ("nf4", "cuda"): 0.516,
    ("nf4", "cpu"): 1.9,
    ("int8", "cuda"): 1.0,
    ("int8", "cpu"): 3.75,
}
"""Of a weight in a bitsandbytes layer.

On a GPU by design: 4 bits, and for 64 weights an 8-bit scale with a share in a second one
(Dettmers et al. 2023, arXiv 2305.14314, section 3). On a CPU bitsandbytes (0.50) rearranges 4-bit
weights and unpacks 8-bit ones, and what loading leaves behind differs from run to run: measured on
llama-160m's shape, 4 bits took 1.1 to 4 bytes."""


def item_bytes(dtype: str) -> int:
    """Bytes of a value.

    Raises:
        InputError: there is no such dtype.
    """
    if dtype not in ITEM_BYTES:
        raise InputError(f"There is no dtype {dtype}.", f"One of {', '.join(ITEM_BYTES)}.")
    return ITEM_BYTES[dtype]


def precisions(parameters: int) -> dict[int, float]:
    """Bytes of that many weights at 32, 16, 8 and 4 bits each: 8B are 32, 16, 8 and 4 GB."""
    return {bits: parameters * bits / 8 for bits in (32, 16, 8, 4)}


def held_bytes(shape: Shape, dtype: str, quantize: str | None, device: Device) -> float:
    """Bytes of a loaded model's weights.

    Args:
        dtype: of what is not quantized.
        quantize: "nf4" or "int8" (bitsandbytes, the matrices of all layers), or None.

    Raises:
        InputError: there is no such dtype or quantization.
    """
    if quantize is None:
        return shape.parameters * item_bytes(dtype)
    if (quantize, device) not in LINEAR_BYTES:
        raise InputError(f"bitsandbytes has no {quantize}.", "One of nf4, int8.")
    rest = shape.parameters - shape.linear_weights
    return shape.linear_weights * LINEAR_BYTES[quantize, device] + rest * item_bytes(dtype)
