"""Choices of which one goes on from another, as tokens or as texts: `not` and `not hate`, `1` and `10`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any


def continued(choices: Sequence[Sequence[Any]]) -> tuple[int, int] | None:
    """The places of a choice and of another that goes on from it, as ids or as texts; None if none does.

    In lexicographic order what goes on from a choice stands right behind it.
    """
    order = sorted(range(len(choices)), key=lambda place: tuple(choices[place]))
    for one, other in pairwise(order):
        shorter, longer = choices[one], choices[other]
        if len(shorter) < len(longer) and longer[: len(shorter)] == shorter:
            return one, other
    return None
