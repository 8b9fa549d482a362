"""Where the names of points stand: beside their points, and over nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.reporting.charts.svg import SMALL, Anchor, text_width

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
HEIGHT = 14.0
NEAR, RINGS = 9.0, (0.0, 12.0, 26.0, 42.0)
"""Pixels between a point and its name, and how much farther it may stand where there is no room."""


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def within(self, other: Box) -> bool:
        """Whether all of it lies in the other."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.top <= self.top
            and self.bottom <= other.bottom
        )


@dataclass(frozen=True)
class Place:
    """Where a name stands, and whether a line has to lead to it."""

    x: float
    y: float
    anchor: Anchor
    box: Box
    far: bool


def place(
    named: Sequence[tuple[float, float, str]], taken: Iterable[Box], room: Box
) -> list[Place | None]:
    """A place for the name of each point, in their order; None where it would cover another or a point.

    Args:
        named: x, y and name of each point.
        taken: lines, which a name covers only where there is no other room.
        room: what no name may leave.
    """
    points = [Box(x - 6, y - 6, x + 6, y + 6) for x, y, _ in named]
    # Points, then the names that have a place: arrays, since a hundred names look at 32 places each.
    full, count, lines = np.empty((2 * len(points), 4)), len(points), _edges(list(taken))
    full[:count] = _edges(points)
    found: list[Place | None] = []
    for x, y, name in named:
        width = text_width(name, SMALL)
        inside = [one for one in _candidates(x, y, width) if one.box.within(room)]
        boxes = _edges([one.box for one in inside])
        free = ~_meet(boxes, full[:count])
        clear = free & ~_meet(boxes, lines)
        best = clear if clear.any() else free
        chosen = inside[int(best.argmax())] if best.any() else None
        if chosen is not None:
            full[count] = _edges([chosen.box])
            count += 1
        found.append(chosen)
    return found


def _edges(boxes: Sequence[Box]) -> FloatArray:
    """A row for each box: left, top, right, bottom."""
    rows = [(box.left, box.top, box.right, box.bottom) for box in boxes]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def _meet(boxes: FloatArray, others: FloatArray) -> BoolArray:
    """Of each box whether it has any pixel in common with any of the others."""
    mine, theirs = boxes[:, None], others[None]
    apart = (mine[..., :2] >= theirs[..., 2:]) | (theirs[..., :2] >= mine[..., 2:])
    return np.asarray(np.any(~np.any(apart, axis=2), axis=1), dtype=np.bool_)


def _candidates(x: float, y: float, width: float) -> Iterable[Place]:
    for ring in RINGS:
        away = NEAR + ring
        sides: tuple[tuple[float, float, Anchor], ...] = (
            (away, 0, "start"),
            (0, -away - 3, "middle"),
            (-away, 0, "end"),
            (0, away + 4, "middle"),
            (away * 0.7, -away * 0.8 - 3, "start"),
            (away * 0.7, away * 0.8 + 3, "start"),
            (-away * 0.7, -away * 0.8 - 3, "end"),
            (-away * 0.7, away * 0.8 + 3, "end"),
        )
        for right, down, anchor in sides:
            start = {"start": 0.0, "middle": width / 2, "end": width}[anchor]
            left, middle = x + right - start, y + down
            box = Box(left - 1, middle - HEIGHT / 2, left + width + 1, middle + HEIGHT / 2)
            yield Place(x + right, middle + 4, anchor, box, ring > 0)
