"""The report as one HTML page that needs nothing else: no script, no font, no network.

Templates escape everything; the only markup that passes is the SVG of our own charts, whose texts
`charts/svg.py` escapes.
"""

from __future__ import annotations

import re
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from harness.reporting.blocks import Chart, Document, Name, Strong
from harness.reporting.format import clean, clean_lines

_TOGETHER = re.compile(r"(\[[-−+\d.,e ]+\]|\bn = [\d,]+|\bp [<=] [\d.]+)")


def html(document: Document) -> str:
    """The whole page."""
    environment = _environment()
    style = environment.get_template("style.css").render()
    terms = {
        of.key: {"number": number, "line": of.line}
        for number, of in enumerate(document.definitions, start=1)
    }
    return environment.get_template("page.html.j2").render(
        document=document, style=Markup(style), terms=terms
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("harness.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        clean=clean, clean_lines=clean_lines, svg=inline_svg, together=together
    )
    environment.tests["name_piece"] = lambda piece: isinstance(piece, Name)
    environment.tests["strong_piece"] = lambda piece: isinstance(piece, Strong)
    environment.globals["kind_of"] = lambda block: type(block).__name__.lower()
    return environment


def together(text: str) -> Markup:
    """The text, escaped, in which no line breaks inside an interval or between "n =" and its n."""
    parts = _TOGETHER.split(clean(text))
    wrapped = Markup('<span class="together">{}</span>')
    return Markup("").join(wrapped.format(p) if i % 2 else escape(p) for i, p in enumerate(parts))


def inline_svg(chart: Chart) -> Markup:
    """The chart as an element that scales with the page and says what it shows."""
    opening, rest = chart.svg.split(">", 1)
    label = f"chart-{chart.file}"
    named = f'{opening} role="img" aria-labelledby="{label}">'
    title = Markup('<title id="{}">{}</title>').format(label, clean(chart.description))
    return Markup(named) + title + Markup(rest)
