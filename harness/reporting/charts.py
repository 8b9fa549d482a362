"""Charts as static SVG: no script, no font, no network; the same bytes for the same summary.

Each function gives None where there are fewer than two points to show. Shapes and dashes say
what the colours say. The three greys are named in `templates/style.css`, which turns them round
in dark mode.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert

from harness.reporting.format import clean, clip

INK, MUTED, GRID = "#1b1f24", "#57606a", "#d8dee4"
# Okabe and Ito, "Color Universal Design" (2008): told apart with every common colour blindness.
COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"]
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"]
DASHES = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [4, 1], [1, 3]]
WIDTH = 340
# A reader's font may be wider than the one that vl-convert measured.
PADDING = {"left": 14, "right": 14, "top": 4, "bottom": 4}
LABEL_LENGTH = 28


@dataclass(frozen=True)
class Point:
    """A figure of one model, with its interval where there is one."""

    model: str
    value: float
    low: float | None = None
    high: float | None = None
    size: float = 0.0
    floor: bool = False


@dataclass(frozen=True)
class Panel:
    """Points that share an axis."""

    title: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Lines:
    """Points by line, each line from left to right, on an axis that they share."""

    title: str
    lines: Mapping[str, tuple[Point, ...]]


@dataclass(frozen=True)
class Curve:
    """A line: x and y of equal length."""

    model: str
    x: tuple[float, ...]
    y: tuple[float, ...]


def dots(panels: Sequence[Panel]) -> str | None:
    """One row a model: a point, its interval, and hollow diamonds for floors."""
    width = _beside_labels(panels)
    return _stacked([_dots(panel, width) for panel in panels if len(panel.points) > 1])


def bars(panels: Sequence[Panel]) -> str | None:
    """One bar a model, from zero, with its spread."""
    width = _beside_labels(panels)
    return _stacked([_bars(panel, width) for panel in panels if len(panel.points) > 1])


def against_size(panels: Sequence[Panel]) -> str | None:
    """Value against size in megabytes, with vertical error bars."""
    return _stacked([_against_size(panel) for panel in panels if len(panel.points) > 1])


def against_bits(panels: Sequence[Lines]) -> str | None:
    """Value against total bits (`Point.size`, in Gbit, drawn by its logarithm), with error bars."""
    return _stacked([_against_bits(panel) for panel in panels if len(panel.lines) > 1])


def lines(curves: Sequence[Curve], x_title: str, y_title: str) -> str | None:
    """Curves over a shared x axis."""
    shown = [c for c in curves if len(c.x) > 1]
    if not shown:
        return None
    names = _labels([c.model for c in shown])
    values = [
        {"model": names[c.model], "x": x, "y": y}
        for c in shown
        for x, y in zip(c.x, c.y, strict=True)
    ]
    domain = list(names.values())
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(strokeWidth=2, aria=False)
        .encode(
            x=alt.X("x:Q", title=x_title, axis=alt.Axis(tickCount=6, format="~s")),
            y=alt.Y("y:Q", title=y_title, scale=alt.Scale(zero=False)),
            color=_colour(domain),
            strokeDash=alt.StrokeDash("model:N", sort=domain, scale=_cycle(domain, DASHES)),
        )
        .properties(width=WIDTH, height=200)
    )
    return _svg(chart)


def _dots(panel: Panel, width: int) -> Any:
    base = _by_model(panel)
    x = alt.X("value:Q", title=clean(panel.title), scale=alt.Scale(zero=False, nice=True))
    kinds = alt.Scale(domain=["model", "floor"], range=["circle", "diamond"])
    return alt.layer(
        base.mark_rule(strokeWidth=2, color=COLOURS[0], aria=False).encode(
            x=alt.X("low:Q", title=clean(panel.title), scale=alt.Scale(zero=False)), x2="high:Q"
        ),
        base.mark_point(size=70, aria=False, strokeWidth=2, fillOpacity=1, opacity=1).encode(
            x=x,
            shape=alt.Shape("kind:N", legend=None, scale=kinds),
            color=alt.value(COLOURS[0]),
            fill=alt.condition("datum.kind == 'model'", alt.value(COLOURS[0]), alt.value("white")),
        ),
    ).properties(width=width, height=alt.Step(22))


def _bars(panel: Panel, width: int) -> Any:
    base = _by_model(panel)
    return alt.layer(
        base.mark_bar(color=COLOURS[5], height=12, aria=False).encode(
            x=alt.X("value:Q", title=clean(panel.title))
        ),
        base.mark_rule(strokeWidth=2, color=INK, aria=False).encode(x="low:Q", x2="high:Q"),
    ).properties(width=width, height=alt.Step(22))


def _beside_labels(panels: Sequence[Panel]) -> int:
    """The width that is left beside the models' names, so that a phone can show both."""
    lengths = [min(len(p.model), LABEL_LENGTH) for panel in panels for p in panel.points]
    longest = max(lengths, default=0)
    return max(200, WIDTH + 40 - 6 * longest)


def _by_model(panel: Panel) -> Any:
    names = _labels([p.model for p in panel.points])
    axis = alt.Axis(title=None, labelLimit=240, labelPadding=8, ticks=False, domain=False)
    return alt.Chart(alt.InlineData(values=_values(panel, names))).encode(
        y=alt.Y("model:N", sort=list(names.values()), axis=axis)
    )


def _against_size(panel: Panel) -> Any:
    names = _labels([p.model for p in panel.points])
    domain = list(names.values())
    base = alt.Chart(alt.InlineData(values=_values(panel, names))).encode(
        x=alt.X("size:Q", title="size on disk (MB)", scale=alt.Scale(zero=True)),
        color=_colour(domain),
    )
    quality = alt.Scale(zero=False)
    return alt.layer(
        base.mark_rule(strokeWidth=2, aria=False).encode(
            y=alt.Y("low:Q", title=clean(panel.title), scale=quality), y2="high:Q"
        ),
        base.mark_point(size=90, filled=True, opacity=1, aria=False).encode(
            y=alt.Y("value:Q", title=clean(panel.title), scale=quality),
            shape=alt.Shape("model:N", sort=domain, scale=_cycle(domain, SHAPES)),
        ),
    ).properties(width=WIDTH, height=170)


def _against_bits(panel: Lines) -> Any:
    names = _labels(list(panel.lines))
    domain = list(names.values())
    values = [
        {**value, "model": names[line]}
        for line, points in panel.lines.items()
        for value in _values(Panel("", points), {p.model: p.model for p in points})
    ]
    x = alt.X(
        "size:Q", title="total bits (Gbit)", scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(tickCount=5, format="~g"),
    )  # fmt: skip
    y = alt.Y("value:Q", title=clean(panel.title), scale=alt.Scale(zero=False))
    base = alt.Chart(alt.InlineData(values=values)).encode(x=x, color=_colour(domain))
    dashes = alt.StrokeDash("model:N", sort=domain, scale=_cycle(domain, DASHES), legend=None)
    return alt.layer(
        base.mark_rule(strokeWidth=1, opacity=0.6, aria=False).encode(
            y=alt.Y("low:Q", title=clean(panel.title), scale=alt.Scale(zero=False)), y2="high:Q"
        ),
        base.mark_line(strokeWidth=2, aria=False).encode(y=y, strokeDash=dashes),
        base.mark_point(size=70, filled=True, opacity=1, aria=False).encode(
            y=y, shape=alt.Shape("model:N", sort=domain, scale=_cycle(domain, SHAPES))
        ),
    ).properties(width=WIDTH, height=220)


def _values(panel: Panel, names: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "model": names[p.model],
            "value": p.value,
            "low": p.value if p.low is None else p.low,
            "high": p.value if p.high is None else p.high,
            "size": p.size,
            "kind": "floor" if p.floor else "model",
        }
        for p in panel.points
    ]


def _labels(names: Sequence[str]) -> dict[str, str]:
    """Each name short enough for an axis, and still unlike every other."""
    labels: dict[str, str] = {}
    for name in names:
        short, number = clip(name, LABEL_LENGTH), 1
        while short in labels.values():
            number += 1
            short = f"{clip(name, LABEL_LENGTH - 4)} ({number})"
        labels.setdefault(name, short)
    return labels


def _cycle(domain: list[str], choices: list[Any]) -> Any:
    picked = [choices[i % len(choices)] for i in range(len(domain))]
    return alt.Scale(domain=domain, range=picked)


def _colour(domain: list[str]) -> Any:
    legend = alt.Legend(title=None, orient="top", columns=2, labelLimit=170, symbolSize=90)
    return alt.Color("model:N", sort=domain, scale=_cycle(domain, COLOURS), legend=legend)


def _stacked(panels: list[Any]) -> str | None:
    if not panels:
        return None
    chart = alt.vconcat(*panels, spacing=18) if len(panels) > 1 else panels[0]
    return _svg(chart)


def _svg(chart: Any) -> str:
    text = {"labelColor": INK, "titleColor": INK, "labelFontSize": 13, "titleFontSize": 13}
    lines = {
        "labelFlush": False,
        "labelOverlap": True,
        "gridColor": GRID,
        "domainColor": MUTED,
        "tickColor": MUTED,
    }
    styled = (
        chart.configure(background="transparent", font="Arial", padding=PADDING, aria=False)
        .configure_axis(**text, titleFontWeight="normal", **lines)
        .configure_legend(**text, symbolStrokeWidth=2)
        .configure_view(stroke=None)
    )
    return str(vl_convert.vegalite_to_svg(styled.to_dict()))
