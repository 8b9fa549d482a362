"""Lines over steps, such as the loss of a fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.reporting.charts.axes import Axis
from harness.reporting.charts.svg import (
    COLOURS,
    DASHES,
    GRID,
    MUTED,
    SMALL,
    WIDTH,
    legend,
    line,
    picture,
    polyline,
    short_names,
    text,
    text_width,
)

HEIGHT = 200


@dataclass(frozen=True)
class Curve:
    """A line with its name; x and y of each of its points."""

    name: str
    points: tuple[tuple[float, float], ...]


def curves(x_title: str, y_title: str, of: Sequence[Curve]) -> str | None:
    """The chart; None where no line has two points."""
    lines = [curve for curve in of if len(curve.points) > 1]
    if not lines:
        return None
    names = short_names([curve.name for curve in lines])
    styles = [(COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)]) for i in range(len(lines))]
    parts, top = legend(
        [
            (line(-10, 0, 10, 0, colour, 2.5, dash), names[curve.name])
            for curve, (colour, dash) in zip(lines, styles, strict=True)
        ],
        0,
    )
    top += 22
    y = Axis.over((b for curve in lines for _, b in curve.points), top + HEIGHT, top)
    left = 10 + max((text_width(said, SMALL) for _, said in y.ticks()), default=0.0)
    x = Axis.over((a for curve in lines for a, _ in curve.points), left, WIDTH - 22, pad=0.01)
    parts.append(text(0, top - 9, y_title, bold=True))
    for value, said in y.ticks():
        parts.append(line(x.start, y.at(value), x.end, y.at(value), GRID))
        parts.append(text(x.start - 6, y.at(value) + 4, said, "end", MUTED, SMALL))
    for value, said in x.ticks(4):
        parts.append(line(x.at(value), y.start, x.at(value), y.start + 4, MUTED))
        parts.append(text(x.at(value), y.start + 17, said, "middle", MUTED, SMALL))
    parts.append(line(x.start, y.start, x.end, y.start, MUTED))
    for curve, (colour, dash) in zip(lines, styles, strict=True):
        parts.append(polyline([(x.at(a), y.at(b)) for a, b in curve.points], colour, 2, dash))
    parts.append(text(WIDTH, top + HEIGHT + 34, x_title, "end"))
    return picture(top + HEIGHT + 40, parts)
