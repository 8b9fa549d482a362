"""Elements of SVG as text; what a suite wrote is escaped here and nowhere else.

The greys are turned round by `templates/style.css` in dark mode, which finds them by their value.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from html import escape
from itertools import takewhile
from typing import Literal

from harness.reporting.format import clean, clip

INK, MUTED, GRID, PAPER = "#1b1f24", "#57606a", "#d8dee4", "#ffffff"
# Okabe and Ito, "Color Universal Design" (2008): told apart with every common colour blindness.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
GOOD, BAD = COLOURS[2], COLOURS[1]
DASHES = ("", "6 3", "2 2", "8 3 2 3", "4 1", "1 3")
Shape = Literal["circle", "square", "up", "diamond", "cross", "down"]
SHAPES: tuple[Shape, ...] = ("circle", "square", "up", "diamond", "cross", "down")
Anchor = Literal["start", "middle", "end"]
FONT = 13
SMALL = 12
WIDTH = 400
"""Of every chart, so that its letters are read on a phone."""
LABEL_LENGTH = 28
LEAST_COMMON = 6
"""Characters that all names begin with, from which on they are left out where names are long."""


def number(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def text_width(said: str, size: int = FONT) -> float:
    """About as many pixels as a text takes, in a font that is rather wide."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in said)
    narrow = sum(c in " .,:;|!'il[]()jtf" for c in said)
    return size * (wide + 0.32 * narrow + 0.6 * (len(said) - wide - narrow))


def text(
    x: float,
    y: float,
    said: str,
    anchor: Anchor = "start",
    fill: str = INK,
    size: int = FONT,
    bold: bool = False,
) -> str:
    """A line of text whose baseline is at y; what lies beneath it does not cross its letters."""
    weight = ' font-weight="600"' if bold else ""
    at = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return (
        f'<text x="{number(x)}" y="{number(y)}" font-size="{size}" fill="{fill}"{at}{weight} '
        f'stroke="{PAPER}" stroke-width="3" paint-order="stroke" stroke-linejoin="round">'
        f"{escape(clean(said))}</text>"
    )


def line(
    x1: float, y1: float, x2: float, y2: float, stroke: str, width: float = 1, dash: str = ""
) -> str:
    """A straight line."""
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="M{number(x1)} {number(y1)}L{number(x2)} {number(y2)}" stroke="{stroke}" '
        f'stroke-width="{width:g}"{dashed} fill="none"/>'
    )


def polyline(
    points: Iterable[tuple[float, float]], stroke: str, width: float = 2, dash: str = ""
) -> str:
    """Lines from point to point."""
    path = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<path d="M{path}" stroke="{stroke}" stroke-width="{width:g}"{dashed} '
        'stroke-linejoin="round" fill="none"/>'
    )


def rectangle(x: float, y: float, width: float, height: float, fill: str, opacity: float) -> str:
    """A filled area that lets through what lies beneath it."""
    return (
        f'<rect x="{number(x)}" y="{number(y)}" width="{number(max(0.0, width))}" '
        f'height="{number(height)}" fill="{fill}" fill-opacity="{opacity:g}"/>'
    )


def marker(
    shape: Shape, x: float, y: float, colour: str, hollow: bool = False, title: str = ""
) -> str:
    """A point; its title is shown where a pointer rests on it."""
    a, b = number(x), number(y)
    fill = PAPER if hollow else colour
    paint = f'fill="{fill}" stroke="{colour}" stroke-width="2"'
    inner = f"<title>{escape(clean(title))}</title>" if title else ""
    if shape == "circle":
        return f'<circle cx="{a}" cy="{b}" r="4.5" {paint}>{inner}</circle>'
    path = {
        "square": "m-4-4h8v8h-8z",
        "up": "m0-5.5 5.5 9.5h-11z",
        "down": "m0 5.5 5.5-9.5h-11z",
        "diamond": "m0-6 6 6-6 6-6-6z",
        "cross": "m-4.5-4.5 9 9m0-9-9 9",
    }[shape]
    return f'<path d="M{a} {b}{path}" {paint}>{inner}</path>'


def link(href: str, inner: str) -> str:
    """What leads somewhere when it is chosen."""
    return f'<a href="{escape(href)}">{inner}</a>' if href else inner


def picture(height: float, parts: Iterable[str], width: int = WIDTH) -> str:
    """The whole chart."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {number(height)}" '
        f'width="{width}" height="{number(height)}" font-family="Arial, Helvetica, sans-serif">'
        f"{''.join(parts)}</svg>"
    )


def short_names(names: Sequence[str], length: int = LABEL_LENGTH) -> dict[str, str]:
    """Each name short enough for a chart, and still unlike every other; what all begin with goes first."""
    same = takewhile(lambda letters: len(set(letters)) == 1, zip(*names, strict=False))
    alike = names[0][: len(list(same))] if len(set(names)) > 1 else ""
    common = 1 + max(alike.rfind(between) for between in "-/_.: ")
    if max(map(len, names), default=0) <= length or common < LEAST_COMMON:
        common = 0
    labels: dict[str, str] = {}
    taken: set[str] = set()
    for name in dict.fromkeys(names):
        told = f"…{name[common:]}" if common else name
        short, count = clip(told, length), 1
        while short in taken:
            count += 1
            short = f"{clip(told, length - 4)} ({count})"
        labels[name] = short
        taken.add(short)
    return labels


def legend(entries: Sequence[tuple[str, str]], top: float) -> tuple[list[str], float]:
    """Swatches (as SVG drawn about a point at 0, 0) with their names, in as many lines as it takes.

    Returns:
        The elements, and the height that they take.
    """
    parts: list[str] = []
    x, y = 0.0, top
    for swatch, name in entries:
        needed = 34 + text_width(name, SMALL)
        if x and x + needed > WIDTH:
            x, y = 0.0, y + 18
        parts.append(f'<g transform="translate({number(x + 10)} {number(y + 8)})">{swatch}</g>')
        parts.append(text(x + 24, y + 12, name, size=SMALL))
        x += needed
    return parts, (y - top + 22) if entries else 0.0
