"""What this machine has, and whether a need is met."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.engines.memory import free_memory_bytes
from harness.estimate.memory import Memory
from harness.estimate.need import Need
from harness.files import free_disk_bytes

TIGHT = 0.85
"""Share of what is free from which on a need is called tight: estimates are good to 15%."""


@dataclass(frozen=True)
class Room:
    """Bytes that are free."""

    disk: int
    resident: int
    device: int = 0
    """Of a GPU; 0 where there is none."""


@dataclass(frozen=True)
class Verdict:
    """What is needed against what is free. `fits` is "yes", "tight" or "no"."""

    needed: int
    free: int

    @property
    def fits(self) -> str:
        """ "tight" where the estimate's own error decides."""
        if self.needed > self.free / TIGHT:
            return "no"
        return "yes" if self.needed <= self.free * TIGHT else "tight"


def free_room(folder: Path, device: int = 0) -> Room:
    """What is free now: on the disk of a folder (or the nearest that exists above it), in memory.

    Args:
        device: free bytes of a GPU, as `harness.engines.memory.free_device_bytes` tells in a
            process that has torch.
    """
    return Room(free_disk_bytes(folder), free_memory_bytes(), device)


def verdict_on_disk(need: Need, room: Room) -> Verdict:
    """Whether files find their place."""
    return Verdict(need.total, room.disk)


def verdict_on_memory(memory: Memory, room: Room) -> tuple[Verdict, ...]:
    """Whether a step finds room: in main memory, and on the device where it needs one."""
    found = [Verdict(memory.resident.total, room.resident)]
    if memory.device.parts:
        found.append(Verdict(memory.device.total, room.device))
    return tuple(found)
