"""What something needs, in bytes, part by part, so that a reader sees what to cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True)
class Part:
    """A named share of a need."""

    name: str
    bytes: int


@dataclass(frozen=True)
class Need:
    """Parts that are held at the same time."""

    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        """All parts together, in bytes."""
        return sum(part.bytes for part in self.parts)

    def of(self, name: str) -> int:
        """Bytes of a part; 0 where there is none of that name."""
        return sum(part.bytes for part in self.parts if part.name == name)


NOTHING = Need(())


def need(**parts: float) -> Need:
    """A need of so many bytes each; parts of nothing are left out."""
    named = ((name.replace("_", " "), round(size)) for name, size in parts.items())
    return Need(tuple(Part(name, size) for name, size in named if size))


def largest(needs: Iterable[Need]) -> Need:
    """The largest of needs that come one after the other: what a step takes at its peak."""
    return max(needs, key=lambda one: one.total)
