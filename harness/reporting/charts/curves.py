"""Lines over steps, such as the loss of a fine-tuning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.reporting.charts.frame import framed
from harness.reporting.charts.svg import COLOURS, DASHES, line, polyline, short_names


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
    frame = framed(
        (x_title, y_title),
        [
            (line(-10, 0, 10, 0, colour, 2.5, dash), names[curve.name])
            for curve, (colour, dash) in zip(lines, styles, strict=True)
        ],
        (a for curve in lines for a, _ in curve.points),
        (b for curve in lines for _, b in curve.points),
        ticks=4,
        pad=0.01,
    )
    return frame.picture(
        [
            polyline([(frame.x.at(a), frame.y.at(b)) for a, b in curve.points], colour, 2, dash)
            for curve, (colour, dash) in zip(lines, styles, strict=True)
        ]
    )
