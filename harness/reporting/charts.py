"""Charts as static SVG: no script, no font, no network; the same bytes for the same summary.

Each function gives None where there are fewer than two points to show. Shapes and dashes say
what the colours say. The three greys are named in `templates/style.css`, which turns them round
in dark mode.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert

from harness.records import Value
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
    """Where it stands from left to right in a chart against something."""
    floor: bool = False
    line: str = ""
    """Points of one line share colour, shape and dashes; without one, a point is its model's."""

    @classmethod
    def of(
        cls, model: str, value: Value | None, size: float = 0.0, floor: bool = False
    ) -> tuple[Point, ...]:
        """The point of a figure; none where there is no figure."""
        if value is None or value.value is None:
            return ()
        return (cls(model, value.value, value.low, value.high, size, floor),)


@dataclass(frozen=True)
class Panel:
    """Points that share an axis; those of a line from left to right."""

    title: str
    points: tuple[Point, ...]


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
    x = alt.X("size:Q", title="size on disk (MB)", scale=alt.Scale(zero=True))
    return _stacked([_against(panel, x) for panel in panels if len(panel.points) > 1])


def against_bits(panels: Sequence[Panel]) -> str | None:
    """Lines of value against total bits (in Gbit, drawn by their logarithm), with error bars."""
    x = alt.X(
        "size:Q", title="total bits (Gbit)", scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(tickCount=5, format="~g"),
    )  # fmt: skip
    return _stacked([_against(panel, x, joined=True) for panel in panels])


def curves(panel: Panel, x_title: str) -> str | None:
    """Lines alone, of the points of each model."""
    base, domain = _coloured(panel)
    x = alt.X("size:Q", title=x_title, axis=alt.Axis(tickCount=6, format="~s"))
    dashes = alt.StrokeDash("model:N", sort=domain, scale=_cycle(domain, DASHES))
    chart = base.mark_line(strokeWidth=2, aria=False).encode(x=x, y=_y(panel), strokeDash=dashes)
    return _stacked([chart.properties(width=WIDTH, height=200)] if panel.points else [])


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


def _against(panel: Panel, x: Any, joined: bool = False) -> Any:
    """Error bars, what joins the points of a line, and the points."""
    base, domain = _coloured(panel)
    base = base.encode(x=x)
    bars = {"strokeWidth": 1, "opacity": 0.6} if joined else {"strokeWidth": 2}
    shapes = alt.Shape("model:N", sort=domain, scale=_cycle(domain, SHAPES))
    dashes = alt.StrokeDash("model:N", sort=domain, scale=_cycle(domain, DASHES), legend=None)
    layers = [base.mark_rule(**bars, aria=False).encode(y=_y(panel, "low:Q"), y2="high:Q")]
    if joined:
        line = base.mark_line(strokeWidth=2, aria=False)
        layers.append(line.encode(y=_y(panel), strokeDash=dashes))
    points = base.mark_point(size=70 if joined else 90, filled=True, opacity=1, aria=False)
    layers.append(points.encode(y=_y(panel), shape=shapes))
    return alt.layer(*layers).properties(width=WIDTH, height=220 if joined else 170)


def _y(panel: Panel, field: str = "value:Q") -> Any:
    return alt.Y(field, title=clean(panel.title), scale=alt.Scale(zero=False))


def _beside_labels(panels: Sequence[Panel]) -> int:
    """The width that is left beside the models' names, so that a phone can show both."""
    lengths = [min(len(p.model), LABEL_LENGTH) for panel in panels for p in panel.points]
    longest = max(lengths, default=0)
    return max(200, WIDTH + 40 - 6 * longest)


def _by_model(panel: Panel) -> Any:
    base, domain = _data(panel)
    axis = alt.Axis(title=None, labelLimit=240, labelPadding=8, ticks=False, domain=False)
    return base.encode(y=alt.Y("model:N", sort=domain, axis=axis))


def _coloured(panel: Panel) -> tuple[Any, list[str]]:
    base, domain = _data(panel)
    legend = alt.Legend(title=None, orient="top", columns=2, labelLimit=170, symbolSize=90)
    scale = _cycle(domain, COLOURS)
    return base.encode(color=alt.Color("model:N", sort=domain, scale=scale, legend=legend)), domain


def _data(panel: Panel) -> tuple[Any, list[str]]:
    """A chart of the points without marks, and what its models or lines are called, in order."""
    names = _labels([p.line or p.model for p in panel.points])
    values = [
        {
            "model": names[p.line or p.model],
            "value": p.value,
            "low": p.value if p.low is None else p.low,
            "high": p.value if p.high is None else p.high,
            "size": p.size,
            "kind": "floor" if p.floor else "model",
        }
        for p in panel.points
    ]
    return alt.Chart(alt.InlineData(values=values)), list(names.values())


def _labels(names: Sequence[str]) -> dict[str, str]:
    """Each name short enough for an axis, and still unlike every other."""
    labels: dict[str, str] = {}
    for name in dict.fromkeys(names):
        short, number = clip(name, LABEL_LENGTH), 1
        while short in labels.values():
            number += 1
            short = f"{clip(name, LABEL_LENGTH - 4)} ({number})"
        labels[name] = short
    return labels


def _cycle(domain: list[str], choices: list[Any]) -> Any:
    picked = [choices[i % len(choices)] for i in range(len(domain))]
    return alt.Scale(domain=domain, range=picked)


def _stacked(panels: list[Any]) -> str | None:
    """Panels one above the other, as SVG; None where there is none."""
    if not panels:
        return None
    chart = alt.vconcat(*panels, spacing=18) if len(panels) > 1 else panels[0]
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
