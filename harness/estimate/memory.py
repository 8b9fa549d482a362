"""Memory of a process, in main memory and on a GPU, at the moments that can be its peak."""

from __future__ import annotations

from dataclasses import dataclass

from harness.estimate.need import NOTHING, Need, Part, largest


@dataclass(frozen=True)
class Memory:
    """What a process needs at its peak, in main memory and on a GPU (nothing without one)."""

    resident: Need
    device: Need = NOTHING

    def with_part(self, name: str, size: int) -> Memory:
        """With so many bytes of main memory more."""
        if not size:
            return self
        return Memory(Need((*self.resident.parts, Part(name, size))), self.device)


@dataclass(frozen=True)
class Moments:
    """What an engine needs while it loads a model, and while it answers."""

    loading: Memory
    running: Memory

    @property
    def peak(self) -> Memory:
        """The larger of the two."""
        return _larger(self.loading, self.running)

    def before(self, second: Moments, shared: bool) -> Memory:
        """The peak of a process that opens a second engine beside this one, and asks both.

        Args:
            second: opened after this one.
            shared: both are the same engine, whose libraries are there once.
        """
        opening = _beside(self.running, second.loading, shared)
        asking = _beside(self.running, second.running, shared)
        return _larger(self.loading, _larger(opening, asking))


def _larger(one: Memory, other: Memory) -> Memory:
    resident = largest((one.resident, other.resident))
    return Memory(resident, largest((one.device, other.device)))


def _beside(first: Memory, second: Memory, shared: bool) -> Memory:
    def joined(one: Need, other: Need) -> Need:
        parts = [
            Part(f"{part.name} of the other model", part.bytes)
            for part in other.parts
            if part.name != "libraries"
        ]
        ours = one.of("libraries")
        more = max(0, other.of("libraries") - ours) if shared else other.of("libraries")
        libraries = (Part("libraries", ours + more),) if ours + more else ()
        return Need((*libraries, *(part for part in one.parts if part.name != "libraries"), *parts))

    return Memory(joined(first.resident, second.resident), joined(first.device, second.device))
