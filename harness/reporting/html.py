"""The report as one HTML page that needs nothing else: no font, no other file, no network.

Templates escape everything; the only markup that passes is the SVG of our own charts, whose texts
`charts/svg.py` escapes. The page has one style and one script, and its Content-Security-Policy allows
these two by their SHA-256 and nothing else: an element with a `style` or an `onclick` of its own does
not get either.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from harness.reporting.blocks import Block, Chart, Document, Link, Name, Strong
from harness.reporting.contents import notes
from harness.reporting.format import clean, clean_lines

_TOGETHER = re.compile(
    r"(\[[-−+\d.,e ]+\]|\bn = [\d,]+|\bp [<=] [\d.]+|\bROUGE-\w+|⚠ [^\s]+"
    r"|[+−]?\d[\d.,]* (?:pp|kB|MB|GB|ms|tokens/s)(?!\w))"
)

_SOURCE = r"(?:&#39;|')(?:none|sha256-[A-Za-z0-9+/]{43}=)(?:&#39;|')"
_CLOSED = re.compile(
    r'\s*<!doctype\s+html>\s*<html\s+lang="en"(?: data-samples="[^"<>]*")?>\s*<head>\s*(?:<meta (?:charset|name)="[^"]*"[^<>]*>\s*)*'
    r'<meta http-equiv="Content-Security-Policy" content="'
    rf"default-src (?:&#39;|')none(?:&#39;|'); style-src {_SOURCE}; script-src {_SOURCE}; "
    rf'img-src data:; base-uri {_SOURCE}; form-action {_SOURCE}">'
)


def html(document: Document) -> str:
    """The whole page."""
    noted = notes(document)
    terms = {
        note.definition.key: {"number": note.number, "line": note.definition.line}
        for of_section in noted.values()
        for note in of_section
    }
    look, script = style(), _joined(".js")
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            document=document,
            style=Markup(look),
            script=Markup(script),
            policy=policy(look, script),
            terms=terms,
            notes=noted,
        )
    )


def style() -> str:
    """The page's style sheet, for a page of another kind."""
    return _joined(".css")


def blocks_html(blocks: Iterable[Block]) -> Markup:
    """Some blocks, for a page of another kind."""
    module = _environment().get_template("blocks.html.j2").make_module({"terms": {}})
    return Markup("\n").join(getattr(module, "block")(block) for block in blocks)  # noqa: B009


def policy(style: str, script: str) -> str:
    """What the page may do: have this style, run this script (both by their hashes), show images
    that it holds itself; nothing is loaded, sent or framed."""
    allowed = {
        "default-src": "'none'",
        "style-src": f"'{_hash(style)}'",
        "script-src": f"'{_hash(script)}'" if script else "'none'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in allowed.items())


def is_closed(page: str) -> bool:
    """Whether a page that lies somewhere has a policy as `policy` writes it, before anything that it
    could load: one that a stranger or an older version wrote may have none."""
    return _CLOSED.match(page) is not None


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _joined(suffix: Literal[".css", ".js"]) -> str:
    """All files of the templates with this ending, by name. Each script has a scope of its own, and
    those of one folder share theirs."""
    texts = []
    for entry in _sorted(files("harness.reporting") / "templates"):
        inner = _sorted(entry) if entry.is_dir() else [entry]
        text = "".join(
            one.read_text(encoding="utf-8") for one in inner if one.name.endswith(suffix)
        )
        if text:
            texts.append(f'(() => {{\n"use strict";\n{text}}})();\n' if suffix == ".js" else text)
    return "\n" + "".join(texts)


def _sorted(folder: Traversable) -> list[Traversable]:
    return sorted(folder.iterdir(), key=lambda entry: entry.name)


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
        as_data=as_data, clean=clean, clean_lines=clean_lines, svg=inline_svg, together=together
    )
    environment.tests["name_piece"] = lambda piece: isinstance(piece, Name)
    environment.tests["link_piece"] = lambda piece: isinstance(piece, Link)
    environment.tests["strong_piece"] = lambda piece: isinstance(piece, Strong)
    environment.globals["kind_of"] = lambda block: type(block).__name__.lower()
    return environment


def as_data(text: str) -> Markup:
    """JSON as the content of a script that is data: nothing in it ends the element, or begins another."""
    return Markup(text.replace("<", "\\u003c"))


def together(text: str) -> Markup:
    """The text, escaped, in which no line breaks inside an interval, between a figure and its unit or between "n =" and its n."""
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
