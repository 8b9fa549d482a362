"""A store of keys and values for sequences that go on: written in place, hardly ever copied.

Transformers' own dynamic cache copies everything that it holds for each new token. Here every
sequence has a slot in one buffer per layer, and a pass writes only what is new. Slots are as long
as the longest sequence needs and grow by `STEP`, since torch's batched products copy their
operands where rows of a batch do not follow each other without gaps.
"""

from __future__ import annotations

from typing import Any

import torch

from harness.engines.hf.sizes import STEP


class Slots:
    """Keys and values of `count` sequences.

    Buffers are made at the first write of each layer, in the shape, type and place of what is
    written, so that models whose layers differ in heads need no description.
    """

    def __init__(self, count: int, capacity: int) -> None:
        """`capacity`: tokens that each slot has room for at first."""
        self.count, self.capacity = count, capacity
        self._layers: dict[int, tuple[Any, Any]] = {}

    def fit(self, length: int) -> None:
        """Makes slots long enough for so many tokens; what they hold is kept."""
        if length > self.capacity:
            self._resize(length)

    def trim(self, length: int) -> None:
        """Makes slots shorter where no sequence is longer than `length`, and half would do."""
        if 2 * length + STEP < self.capacity:
            self._resize(length)

    def write(self, layer: int, slots: Any, offsets: Any, keys: Any, values: Any) -> None:
        """Stores new tokens.

        Args:
            slots, offsets: (tokens,) each: where every token belongs.
            keys, values: (heads, tokens, head size).
        """
        with torch.inference_mode():
            if layer not in self._layers:
                self._layers[layer] = self._buffer(keys), self._buffer(values)
            for buffer, new in zip(self._layers[layer], (keys, values), strict=True):
                buffer[slots, :, offsets] = new.transpose(0, 1)

    def read(self, layer: int, count: int) -> tuple[Any, Any]:
        """Keys and values, (count, heads, capacity, head size) each: views of the first slots."""
        keys, values = self._layers[layer]
        return keys[:count], values[:count]

    def move(self, source: int, target: int) -> None:
        """Copies one slot over another."""
        with torch.inference_mode():
            for buffers in self._layers.values():
                for buffer in buffers:
                    buffer[target] = buffer[source]

    def repeated(self, count: int) -> Slots:
        """A store of `count` slots that all hold what this one's first slot holds."""
        new = Slots(count, self.capacity)
        with torch.inference_mode():
            new._layers = {
                layer: (keys[:1].repeat(count, 1, 1, 1), values[:1].repeat(count, 1, 1, 1))
                for layer, (keys, values) in self._layers.items()
            }
        return new

    @property
    def token_bytes(self) -> int:
        """Bytes of the keys and values of one token of one sequence, over all layers."""
        return sum(
            buffer.shape[1] * buffer.shape[3] * buffer.element_size()
            for buffers in self._layers.values()
            for buffer in buffers
        )

    def _buffer(self, like: Any) -> Any:
        """Zeros: what is never looked at must not be infinite or undefined all the same."""
        heads, _, size = like.shape
        shape = (self.count, heads, self.capacity, size)
        return torch.zeros(shape, dtype=like.dtype, device=like.device)

    def _resize(self, length: int) -> None:
        self.capacity = -(-length // STEP) * STEP
        with torch.inference_mode():
            for layer, buffers in self._layers.items():
                self._layers[layer] = self._resized(buffers[0]), self._resized(buffers[1])

    def _resized(self, buffer: Any) -> Any:
        new = self._buffer(buffer[0])
        kept = min(self.capacity, buffer.shape[2])
        new[:, :, :kept] = buffer[:, :, :kept]
        return new
