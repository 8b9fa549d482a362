"""Which of many prompts are answered: those of one share, but for those that were answered before.

What is run beside a prompt can change the last bits of what comes out. An engine therefore lays its passes out
for all prompts of a cell, whoever answers which, and runs those that hold something wanted: an answer is the
same in whatever shares a cell is asked, and wherever it was interrupted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

TOGETHER = {"cpu": 512, "gpu": 4096}
"""Prompts whose answers are written together, one making room for the next; then come the next so many. They share
passes, so that shares of what is written end between them: at many times the answers that are written side by
side, since fewer are towards the end of each."""


@dataclass(frozen=True)
class Portion:
    """Of prompts that are named by their place."""

    done: frozenset[int] = frozenset()
    """Those that were answered before."""
    share: int = 0
    """Counted from 0."""
    shares: int = 1

    def has(self, place: int) -> bool:
        """Whether a prompt is to be answered that is run alone."""
        return place % self.shares == self.share and place not in self.done

    def of(self, passes: Sequence[Iterable[int]]) -> frozenset[int]:
        """The prompts that are to be answered, where passes are given out in turn.

        Args:
            passes: the prompts of each, in order; one that is in several goes with the first.
        """
        seen: set[int] = set()
        firsts = list[set[int]]()
        for prompts in passes:
            new = set(prompts) - seen
            seen |= new
            firsts += [new] if new else []
        mine = (prompts for prompts in firsts[self.share :: self.shares])
        return frozenset(place for prompts in mine for place in prompts) - self.done


WHOLE = Portion()


def together(lengths: Sequence[int], device: str) -> list[list[int]]:
    """Places of the prompts that are answered together, in order; the longest prompts come first.

    Args:
        lengths: of the prompts, in tokens.
        device: `cpu`, or what computes in its place.
    """
    size = TOGETHER.get(device, TOGETHER["gpu"])
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    return [sorted(order[start : start + size]) for start in range(0, len(order), size)]
