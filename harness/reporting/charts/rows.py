"""A row a model on one axis: intervals (a forest plot), or every repetition as a dot.

What a row is about and its figures stand above its mark, so that both have room on a phone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.reporting.charts.axes import Axis
from harness.reporting.charts.svg import (
    BAD,
    COLOURS,
    GOOD,
    GRID,
    INK,
    MUTED,
    SMALL,
    WIDTH,
    Shape,
    line,
    link,
    marker,
    picture,
    rectangle,
    short_names,
    text,
    text_width,
)

ROW = 36
Mark = Literal["better", "worse", "open", "plain"]
"""What a row shows: shown to be better or worse, neither of both, or nothing that is judged."""
Side = Literal["", "left", "right"]
"""Where better figures lie; "" where none are."""
MARKS: dict[Mark, tuple[Shape, str, bool]] = {
    "better": ("up", GOOD, False),
    "worse": ("down", BAD, False),
    "open": ("circle", MUTED, True),
    "plain": ("circle", COLOURS[0], False),
}


@dataclass(frozen=True)
class Row:
    """A figure in the units of its axis, its interval, and what stands above it."""

    name: str
    said: str
    value: float
    low: float | None = None
    high: float | None = None
    mark: Mark = "plain"
    margin: tuple[float, float] | None = None
    """What a gate allows lies between these, and is shaded."""
    dots: tuple[tuple[float, ...], ...] = ()
    """Repetitions, round by round."""
    href: str = ""


@dataclass(frozen=True)
class Rows:
    """Rows that share an axis."""

    title: str
    rows: tuple[Row, ...]
    zero: float | None = None
    """Where no difference is."""
    better: Side = ""
    log: bool = False


def rows(of: Rows) -> str | None:
    """The chart; None without rows."""
    if not of.rows:
        return None
    ends = [v for r in of.rows for v in (r.value, r.low, r.high) if v is not None]
    ends += [v for r in of.rows for dots in r.dots for v in dots]
    ends += [v for r in of.rows for v in r.margin or ()]
    ends += [of.zero] if of.zero is not None else []
    axis = Axis.over(ends, 8, WIDTH - 8, of.log)
    top, bottom = 26.0, 26.0 + ROW * len(of.rows)
    parts = _axis(of, axis, bottom)
    names = short_names([row.name for row in of.rows])
    for index, row in enumerate(of.rows):
        parts += _lines(of, axis, top + ROW * index)
        parts += _row(row, names[row.name], axis, top + ROW * index)
    return picture(bottom + 24, parts)


def _axis(of: Rows, axis: Axis, bottom: float) -> list[str]:
    parts = [text(0, 14, of.title, bold=True)]
    if of.better:
        said = "better →" if of.better == "right" else "← better"
        parts.append(text(WIDTH, 14, said, "end", MUTED, SMALL))
    last = -100.0
    for value, said in axis.ticks():
        at = axis.at(value)
        half = text_width(said, SMALL) / 2 + 4
        if at - half > last + 4:
            middle = min(max(at, half), WIDTH - half)
            parts.append(text(middle, bottom + 15, said, "middle", MUTED, SMALL))
            last = at + half
    return parts


def _lines(of: Rows, axis: Axis, top: float) -> list[str]:
    """What runs through a row beneath its names and figures, so that it crosses out none of them."""
    drawn = [line(axis.at(v), top + 17, axis.at(v), top + ROW, GRID) for v, _ in axis.ticks()]
    if of.zero is not None:
        drawn.append(line(axis.at(of.zero), top + 17, axis.at(of.zero), top + ROW, INK, 1.5))
    return drawn


def _row(row: Row, name: str, axis: Axis, top: float) -> list[str]:
    shape, colour, hollow = MARKS[row.mark]
    middle = top + 26
    parts = []
    if row.margin:
        a, b = sorted(axis.at(value) for value in row.margin)
        parts.append(rectangle(a, top + 18, b - a, 16, COLOURS[5], 0.28))
    parts.append(link(row.href, text(0, top + 13, name, size=SMALL, bold=True)))
    parts.append(text(WIDTH, top + 13, row.said, "end", size=SMALL))
    if row.low is not None and row.high is not None:
        parts.append(line(axis.at(row.low), middle, axis.at(row.high), middle, colour, 2.5))
        for end in (row.low, row.high):
            parts.append(line(axis.at(end), middle - 4, axis.at(end), middle + 4, colour, 2))
    title = f"{row.name}: {row.said}"
    parts += _dots(row.dots, axis, middle)
    parts.append(link(row.href, marker(shape, axis.at(row.value), middle, colour, hollow, title)))
    return parts


def _dots(rounds: Sequence[Sequence[float]], axis: Axis, middle: float) -> list[str]:
    """Every repetition, the rounds beneath each other."""
    parts = []
    for index, dots in enumerate(rounds):
        y = middle + (index - (len(rounds) - 1) / 2) * min(5.0, 14 / max(1, len(rounds)))
        for value in dots:
            parts.append(
                f'<circle cx="{axis.at(value):.1f}" cy="{y:.1f}" r="2.6" fill="{COLOURS[1]}" '
                'fill-opacity="0.75"/>'
            )
    return parts
