"""How one model is laid over several devices, as plain data: what Accelerate and llama.cpp are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

CPU = "cpu"
SPLIT_MODES = {"none": 0, "layer": 1, "row": 2, "tensor": 3}
"""llama.cpp's, by their numbers in `llama_split_mode`."""


@dataclass(frozen=True)
class Spread:
    """Of one model; as it stands here, it is on one device.

    Attributes:
        devices: GPUs that it is laid over; 0: those that are seen.
        device_map: Accelerate's way to fill them (`auto`, `balanced`, …), of Transformers models.
        max_memory: bytes that weights may take of each, by number, and of main memory by "cpu".
        split_mode: llama.cpp's way (`none`, `layer`, `row`, `tensor`).
        tensor_split: llama.cpp's share of each GPU.
        main_gpu: llama.cpp's, for what is not split.
    """

    devices: int = 0
    device_map: str = ""
    max_memory: Mapping[str, int] = field(default_factory=dict)
    split_mode: str = ""
    tensor_split: tuple[float, ...] = ()
    main_gpu: int | None = None

    @property
    def mapped(self) -> str:
        """Accelerate's device map; "" where the model is on one device."""
        return self.device_map or ("balanced" if self.devices > 1 else "")


ONE_DEVICE = Spread()


def split_of(spread: Spread) -> Spread:
    """For llama.cpp, which takes all GPUs that it sees: so many of them, in equal shares, where the suite
    says how many alone."""
    if spread.devices and not spread.tensor_split and spread.split_mode != "none":
        return replace(spread, tensor_split=(1.0,) * spread.devices)
    return spread
