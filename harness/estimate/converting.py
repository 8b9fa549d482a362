"""Memory of turning weights into other files.

llama.cpp's converter (a process of its own) takes one tensor after the other, widening what is not
float16 already; quantizing reads a tensor of the F16 file, widens and packs it. Neither holds a whole
model. Measured on the starter and on smollm2-135m: docs/fit.md.
"""

from __future__ import annotations

from harness.estimate.files import ITEM_BYTES, adapter_bytes
from harness.estimate.inference import HF_LIBRARIES, LLAMA_BYTES_PER_ID
from harness.estimate.mixtures import tensor_bytes, tensor_type
from harness.estimate.need import MIB, Memory, need
from harness.estimate.shape import ModelShape
from harness.estimate.training import ADAPTER_LIBRARIES
from harness.models.shapes import SHARD_BYTES

CONVERTER_LIBRARIES = 340 * MIB
"""Python with torch and the converter."""
QUANTIZER_LIBRARIES = 56 * MIB
"""Python with llama.cpp."""


def merging_memory(shape: ModelShape, rank: int, stored: str = "bfloat16") -> Memory:
    """Of adding an adapter to its base: in float32, on the processor, and saved in float16."""
    parts = {
        "libraries": HF_LIBRARIES + ADAPTER_LIBRARIES,
        "weights": 4 * shape.parameters,
        "file while loading": shape.parameters * ITEM_BYTES[stored],
        "adapter": 2 * adapter_bytes(shape, rank),
    }
    return Memory(need(parts))


def converting_memory(shape: ModelShape, stored: str = "bfloat16") -> Memory:
    """Of a Transformers folder, whose weights are `stored` so, to an F16 GGUF."""
    copies = 2 if stored == "float16" else 4 + 2
    parts = {"libraries": CONVERTER_LIBRARIES, "tensor": copies * shape.largest.count}
    return Memory(need(parts))


def quantizing_memory(shape: ModelShape, quantization: str) -> Memory:
    """Of an F16 GGUF to a smaller one: a tensor as it is, in float32, and as it will be."""
    largest = shape.largest
    written = tensor_bytes(largest, tensor_type(shape, largest, 0, quantization))
    libraries = QUANTIZER_LIBRARIES + LLAMA_BYTES_PER_ID * shape.vocabulary
    return Memory(need({"libraries": libraries, "tensor": (2 + 4) * largest.count + written}))


def drawing_memory(shape: ModelShape) -> Memory:
    """Of writing random weights, shard by shard."""
    return Memory(
        need({"libraries": HF_LIBRARIES, "weights": min(SHARD_BYTES, 2 * shape.parameters)})
    )
