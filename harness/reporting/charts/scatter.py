"""One figure against another: points named where they stand, intervals, and the Pareto line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from harness.reporting.charts.axes import Axis
from harness.reporting.charts.places import Box, place
from harness.reporting.charts.svg import (
    COLOURS,
    DASHES,
    FONT,
    GRID,
    INK,
    MUTED,
    SHAPES,
    SMALL,
    WIDTH,
    legend,
    line,
    link,
    marker,
    picture,
    polyline,
    rectangle,
    short_names,
    text,
    text_width,
)

HEIGHT = 230
NAME_LENGTH = 22


@dataclass(frozen=True)
class Point:
    """A model in a chart: two figures, and the interval of the upright one where it has one."""

    name: str
    x: float
    y: float
    low: float | None = None
    high: float | None = None
    group: str = ""
    """Points of one group share shape and colour."""
    title: str = ""
    """What is said where a pointer rests on it."""
    href: str = ""


@dataclass(frozen=True)
class Scatter:
    """What a chart shows; figures are in the units that its axes name."""

    x: str
    y: str
    points: tuple[Point, ...]
    log_x: bool = False
    log_y: bool = False
    higher_is_better: bool | None = None
    """With a direction, a line through the points that no point with less of x beats; without, none."""
    level: tuple[str, float] | None = None
    """A line across, and what it says."""
    margin: tuple[float, float] | None = None
    """What lies between these is shaded."""
    zero: bool = False
    """Whether zero is drawn, and the upright axis reaches it."""
    joined: bool = False
    """Whether a line joins the points of each group."""


def front(points: Sequence[Point], higher: bool) -> list[Point]:
    """The points that are better than all with less of x, or as much; the least x first."""
    best: list[Point] = []
    sign = 1 if higher else -1
    for point in sorted(points, key=lambda p: (p.x, -sign * p.y)):
        if not best or sign * point.y > sign * best[-1].y:
            best.append(point)
    return best


def scatter(of: Scatter) -> str | None:
    """The chart; None with fewer than two points."""
    points = [p for p in of.points if (p.x > 0 or not of.log_x) and (p.y > 0 or not of.log_y)]
    if len(points) < 2:
        return None
    styles = {g: i % len(COLOURS) for i, g in enumerate(dict.fromkeys(p.group for p in points))}
    parts, top = _legend(styles, of.joined)
    top += 22
    ends = [v for p in points for v in (p.y, p.low, p.high) if v is not None]
    ends += [0.0] if of.zero else []
    ends += [of.level[1]] if of.level else []
    ends += of.margin or ()
    y = Axis.over(ends, top + HEIGHT, top, of.log_y)
    left = 10 + max((text_width(said, SMALL) for _, said in y.ticks()), default=0.0)
    x = Axis.over((p.x for p in points), left, WIDTH - 8, of.log_x, pad=0.14)
    parts += _frame(of, x, y, top)
    if of.higher_is_better is not None and not of.joined:
        parts.append(polyline(_steps(points, of.higher_is_better, x, y), MUTED, 1.5, "4 3"))
    parts += _joined(points, styles, x, y) if of.joined else []
    parts += _points(points, styles, x, y)
    parts += _names(of, points, x, y, Box(left, top - 4, WIDTH, top + HEIGHT))
    parts.append(text(WIDTH, top + HEIGHT + 34, of.x, "end", size=FONT))
    return picture(top + HEIGHT + 40, parts)


def _legend(styles: dict[str, int], joined: bool) -> tuple[list[str], float]:
    if len(styles) < 2:
        return [], 0.0
    names = short_names(list(styles), 36)
    return legend(
        [
            (
                (line(-9, 0, 9, 0, COLOURS[i], 2, DASHES[i]) if joined else "")
                + marker(SHAPES[i], 0, 0, COLOURS[i]),
                names[group],
            )
            for group, i in styles.items()
        ],
        0,
    )


def _frame(of: Scatter, x: Axis, y: Axis, top: float) -> list[str]:
    """Title of the upright axis, ticks and grid, what is shaded, and the lines across."""
    parts = [text(0, top - 9, of.y, bold=True)]
    for value, said in y.ticks():
        parts.append(line(x.start, y.at(value), x.end, y.at(value), GRID))
        parts.append(text(x.start - 6, y.at(value) + 4, said, "end", MUTED, SMALL))
    for value, said in x.ticks():
        parts.append(line(x.at(value), y.start, x.at(value), y.start + 4, MUTED))
        parts.append(text(x.at(value), y.start + 17, said, "middle", MUTED, SMALL))
    if of.margin:
        a, b = sorted(y.at(value) for value in of.margin)
        parts.append(rectangle(x.start, a, x.end - x.start, b - a, COLOURS[5], 0.22))
    if of.zero:
        parts.append(line(x.start, y.at(0), x.end, y.at(0), INK, 1.5))
    parts.append(line(x.start, y.start, x.end, y.start, MUTED))
    if of.level:
        parts.append(line(x.start, y.at(of.level[1]), x.end, y.at(of.level[1]), INK, 1.5, "5 4"))
    return parts


def _steps(points: Sequence[Point], higher: bool, x: Axis, y: Axis) -> list[tuple[float, float]]:
    """The Pareto line: what is the best that so much of x gives."""
    steps: list[tuple[float, float]] = []
    for point in front(points, higher):
        if steps:
            steps.append((x.at(point.x), steps[-1][1]))
        steps.append((x.at(point.x), y.at(point.y)))
    steps.append((x.end, steps[-1][1]))
    return steps


def _joined(points: Sequence[Point], styles: dict[str, int], x: Axis, y: Axis) -> list[str]:
    groups = [(i, [p for p in points if p.group == g]) for g, i in styles.items()]
    return [
        polyline(
            [(x.at(p.x), y.at(p.y)) for p in sorted(of, key=lambda p: p.x)],
            COLOURS[i],
            2,
            DASHES[i],
        )
        for i, of in groups
        if len(of) > 1
    ]


def _points(points: Sequence[Point], styles: dict[str, int], x: Axis, y: Axis) -> list[str]:
    parts = []
    for p in points:
        if p.low is not None and p.high is not None:
            parts.append(line(x.at(p.x), y.at(p.low), x.at(p.x), y.at(p.high), MUTED, 1.5))
    for p in points:
        i = styles[p.group]
        drawn = marker(SHAPES[i], x.at(p.x), y.at(p.y), COLOURS[i], title=p.title or p.name)
        parts.append(link(p.href, drawn))
    return parts


def _around(a: tuple[float, float], b: tuple[float, float]) -> Box:
    """The box of a line that is level or upright."""
    (left, right), (top, bottom) = sorted((a[0], b[0])), sorted((a[1], b[1]))
    return Box(left - 1, top - 1, right + 1, bottom + 1)


def _names(of: Scatter, points: Sequence[Point], x: Axis, y: Axis, room: Box) -> list[str]:
    """Names at their points; of those that find no room, how many there are."""
    names = short_names([p.name for p in points], NAME_LENGTH)
    bars = [
        Box(x.at(p.x) - 2, y.at(p.high), x.at(p.x) + 2, y.at(p.low))
        for p in points
        if p.low is not None and p.high is not None
    ]
    parts: list[str] = []
    if of.zero:
        bars.append(Box(room.left, y.at(0) - 2, room.right, y.at(0) + 2))
    if of.level:
        width, at = text_width(of.level[0], SMALL), y.at(of.level[1])
        bars.append(Box(room.right - width - 4, at - 17, room.right, at + 2))
        parts.append(text(room.right - 8, at - 5, of.level[0], "end", MUTED, SMALL))
    # those that no smaller one beats are the ones that a reader looks for
    first = front(points, of.higher_is_better) if of.higher_is_better is not None else []
    order = [*first, *(p for p in points if p not in first)]
    if first and not of.joined:
        steps = _steps(points, bool(of.higher_is_better), x, y)
        bars += [_around(a, b) for a, b in pairwise(steps)]
    named = [(x.at(p.x), y.at(p.y), names[p.name]) for p in order]
    for (a, b, name), found in zip(named, place(named, bars, room), strict=True):
        if found is None:
            continue
        if found.far:
            edge = min(max(a, found.box.left), found.box.right)
            top = found.box.bottom if found.box.bottom < b else found.box.top
            parts.append(line(a, b, edge, top, MUTED, 0.75))
        parts.append(text(found.x, found.y, name, found.anchor, size=SMALL))
    return parts
