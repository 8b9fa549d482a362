"""What a server does as its load rises: a line for each model, with intervals, and its knee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.reporting.charts.axes import Axis
from harness.reporting.charts.frame import framed
from harness.reporting.charts.svg import (
    COLOURS,
    DASHES,
    SHAPES,
    line,
    marker,
    polyline,
    short_names,
)

HEIGHT = 210
WIDE = 8.0
"""A load that rises by more than so many times is drawn by its logarithm."""


@dataclass(frozen=True)
class LoadPoint:
    """A figure at a load, with its interval where it has one, and words for who points at it."""

    load: float
    value: float
    low: float | None = None
    high: float | None = None
    said: str = ""


@dataclass(frozen=True)
class LoadLine:
    """One model's figures, load by load; `place` is the model's among all, `tail` draws it dashed."""

    name: str
    points: tuple[LoadPoint, ...]
    place: int = 0
    tail: bool = False
    knee: float | None = None


def loads(x_title: str, y_title: str, of: Sequence[LoadLine], log: bool = False) -> str | None:
    """The chart; None where no line has two points.

    Args:
        x_title: what the load is counted in.
        y_title: what is drawn.
        of: its lines.
        log: whether figures are drawn by their logarithm.
    """
    lines = [one for one in of if len(one.points) > 1]
    if not lines:
        return None
    names = short_names([one.name for one in lines])
    points = [point for one in lines for point in one.points]
    ends = [end for p in points for end in (p.value, p.low, p.high) if end is not None]
    rising = [point.load for point in points]
    frame = framed(
        (x_title, y_title),
        [(_swatch(one), names[one.name]) for one in lines],
        rising,
        (end for end in ends if end > 0 or not log),
        height=HEIGHT,
        log=(max(rising) > WIDE * min(rising), log),
    )
    return frame.picture([part for one in lines for part in _drawn(one, frame.x, frame.y)])


def _style(one: LoadLine) -> tuple[str, str]:
    return COLOURS[one.place % len(COLOURS)], DASHES[1] if one.tail else ""


def _swatch(one: LoadLine) -> str:
    colour, dash = _style(one)
    shape = SHAPES[one.place % len(SHAPES)]
    return line(-10, 0, 10, 0, colour, 2, dash) + marker(shape, 0, 0, colour)


def _drawn(one: LoadLine, x: Axis, y: Axis) -> list[str]:
    colour, dash = _style(one)
    shape = SHAPES[one.place % len(SHAPES)]
    at = [(x.at(point.load), y.at(point.value)) for point in one.points]
    bars = [
        line(x.at(p.load), y.at(p.low), x.at(p.load), y.at(p.high), colour)
        for p in one.points
        if p.low is not None and p.high is not None
    ]
    marks = [
        marker(shape, a, b, colour, hollow=point.load == one.knee, title=point.said)
        for point, (a, b) in zip(one.points, at, strict=True)
    ]
    return [*bars, polyline(at, colour, 2, dash), *marks]
