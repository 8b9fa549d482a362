"""The frame of a chart of lines: its legend, grid, axes and titles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.reporting.charts.axes import Axis
from harness.reporting.charts.svg import (
    GRID,
    MUTED,
    SMALL,
    WIDTH,
    legend,
    line,
    picture,
    text,
    text_width,
)


@dataclass(frozen=True)
class Frame:
    """Where lines are drawn, by their values; `parts` are what stands around them."""

    x: Axis
    y: Axis
    parts: tuple[str, ...]

    def picture(self, drawn: Sequence[str]) -> str:
        """The chart with what was drawn in the frame."""
        return picture(self.y.start + 40, [*self.parts, *drawn])


def framed(
    titles: tuple[str, str],
    named: Sequence[tuple[str, str]],
    xs: Iterable[float],
    ys: Iterable[float],
    *,
    height: float = 200,
    log: tuple[bool, bool] = (False, False),
    ticks: int = 5,
    pad: float = 0.04,
) -> Frame:
    """A frame that holds all values.

    Args:
        titles: of x and y.
        named: a swatch and the name of each line.
        xs: where its points lie.
        ys: where its points and their intervals lie.
        height: of what is drawn, in pixels.
        log: whether x and y are drawn by their logarithms.
        ticks: about so many on x.
        pad: room at both ends of x, as a share.
    """
    parts, top = legend(list(named), 0)
    top += 22
    y = Axis.over(ys, top + height, top, log=log[1])
    left = 10 + max((text_width(said, SMALL) for _, said in y.ticks()), default=0.0)
    x = Axis.over(xs, left, WIDTH - 18, log=log[0], pad=pad)
    parts.append(text(0, top - 9, titles[1], bold=True))
    for value, said in y.ticks():
        parts.append(line(x.start, y.at(value), x.end, y.at(value), GRID))
        parts.append(text(x.start - 6, y.at(value) + 4, said, "end", MUTED, SMALL))
    for value, said in x.ticks(ticks):
        parts.append(line(x.at(value), y.start, x.at(value), y.start + 4, MUTED))
        parts.append(text(x.at(value), y.start + 17, said, "middle", MUTED, SMALL))
    parts.append(line(x.start, y.start, x.end, y.start, MUTED))
    parts.append(text(WIDTH, y.start + 34, titles[0], "end"))
    return Frame(x, y, tuple(parts))
