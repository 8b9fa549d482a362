"""What something needs, in bytes, part by part, so that a reader sees what to cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

MIB = 2**20
CUDA_CONTEXT = 500 * MIB
"""Of a process that uses a GPU: on the device, and as much again of main memory."""

Device = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class Part:
    """A named share of a need."""

    name: str
    bytes: int


@dataclass(frozen=True)
class Need:
    """Parts that are held at the same time."""

    parts: tuple[Part, ...] = ()

    @property
    def total(self) -> int:
        """All parts together, in bytes."""
        return sum(part.bytes for part in self.parts)

    def of(self, name: str) -> int:
        """Bytes of a part; 0 where there is none of that name."""
        return sum(part.bytes for part in self.parts if part.name == name)


@dataclass(frozen=True)
class Memory:
    """What a process holds at one moment, in main memory and on a GPU (nothing without one)."""

    resident: Need
    device: Need = Need()
    """Of one GPU; where a model is laid over several, of the one that holds most."""
    devices: int = 1
    """GPUs that hold so much."""

    def with_part(self, name: str, size: int) -> Memory:
        """With so many bytes of main memory more."""
        return replace(self, resident=Need((*self.resident.parts, *need({name: size}).parts)))

    def over(self, devices: int, block: float) -> Memory:
        """Of a model that is laid over several GPUs.

        Args:
            devices: that share its weights, and the cache of their layers.
            block: share of the weights that stay in one piece, as a layer does: one GPU has at most so much
                more than the others.
        """
        shares = {"weights": 1 / devices + block, "adapter": 1 / devices, "cache": 1 / devices}
        each = {
            part.name: part.bytes * min(1.0, shares.get(part.name, 1.0))
            for part in self.device.parts
        }
        return Memory(self.resident, need(each), devices)

    def beside(self, other: Memory, shared: bool) -> Memory:
        """With a second model in the same process.

        Args:
            other: what a process of its own would hold for it.
            shared: both are run by the same libraries, which are there once.
        """
        resident = _beside(self.resident, other.resident, shared)
        device = _beside(self.device, other.device, shared)
        return Memory(resident, device, max(self.devices, other.devices))


def need(parts: Mapping[str, float]) -> Need:
    """A need of so many bytes each; parts of nothing are left out."""
    return Need(tuple(Part(name, round(size)) for name, size in parts.items() if round(size)))


def held(device: Device, host: Mapping[str, float], model: Mapping[str, float]) -> Memory:
    """What a process holds of which `model` is where the products are computed.

    Args:
        device: where that is. A GPU takes a context on both sides.
        host: always in main memory; its `libraries` are the process's.
        model: a part that `host` has too is held once on a CPU.
    """
    if device == "cpu":
        return Memory(need({**model, **host}))
    context = {"libraries": CUDA_CONTEXT}
    libraries = {"libraries": host["libraries"] + CUDA_CONTEXT}
    return Memory(need({**host, **libraries}), need({**model, **context}))


def peak(*moments: Memory) -> Memory:
    """The most of moments that come one after the other, in main memory and on the device."""
    residents, devices = ((one.resident for one in moments), (one.device for one in moments))
    most = max(devices, key=lambda n: n.total)
    return Memory(max(residents, key=lambda n: n.total), most, max(one.devices for one in moments))


@dataclass(frozen=True)
class Moments:
    """What an engine needs while it loads a model, and while it answers."""

    loading: Memory
    running: Memory

    def over(self, devices: int, block: float) -> Moments:
        """As `Memory.over`; as they are of a model on one device."""
        if devices < 2:
            return self
        return Moments(self.loading.over(devices, block), self.running.over(devices, block))

    @property
    def peak(self) -> Memory:
        """The larger of the two."""
        return peak(self.loading, self.running)

    def before(self, second: Moments, shared: bool) -> Memory:
        """The peak of a process that opens a second engine beside this one, and asks both.

        Args:
            second: opened after this one.
            shared: both are the same engine, whose libraries are there once.
        """
        opening = self.running.beside(second.loading, shared)
        return peak(self.loading, opening, self.running.beside(second.running, shared))


def _beside(one: Need, other: Need, shared: bool) -> Need:
    ours, theirs = one.of("libraries"), other.of("libraries")
    libraries = max(ours, theirs) if shared else ours + theirs
    own = {part.name: part.bytes for part in one.parts}
    others = {f"{part.name} of the other model": part.bytes for part in other.parts}
    others.pop("libraries of the other model", None)
    return need({**own, "libraries": libraries, **others})
