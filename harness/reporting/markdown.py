"""The report as GitHub-flavoured Markdown, with its charts as files beside it.

What comes from a suite, a data set or a model is escaped for Markdown and for HTML: it can
neither break a table nor become a tag, a link or a heading.
"""

from __future__ import annotations

import re
import textwrap
from html import escape as html_escape
from urllib.parse import quote

from tabulate import tabulate

from harness.reporting.blocks import (
    Beside,
    Block,
    Bullets,
    Callout,
    Card,
    CardRow,
    Chart,
    Charts,
    Code,
    Confusion,
    Datum,
    Definitions,
    Document,
    Download,
    Fold,
    Heading,
    Line,
    Link,
    Name,
    Passage,
    Prose,
    Samples,
    Strong,
    Table,
    Text,
    Texts,
)
from harness.reporting.format import clean, clean_lines

# Intervals, underscores inside words and "< " mean nothing to Markdown and stay readable as they are.
_INTERVAL = r"\[[-−+\d.,e ]+\](?![(\[:])"
_SPECIAL = re.compile(rf"({_INTERVAL})|([\\`*\[\]|~$])|(?<![^\W_])_|_(?![^\W_])")
_SAFE_AS_CODE = re.compile(r"[\w.+:/@=, -]+")
WIDTH = 100
"""Characters of a line of what a model wrote."""
_SET_APART = ("[", "≈[", "\\[", "⚠")
_MARKS = {"good": "✓", "bad": "⚠", "unsure": "ℹ"}


def markdown(document: Document) -> str:
    """The whole of it; ends with a newline. A section without a title follows the one before it."""
    parts = [f"# {escape(document.title)}", line(document.subtitle)]
    for section in document.sections:
        parts += [f"## {escape(section.title)}"] if section.title else []
        parts += [block(b) for b in section.blocks]
    if document.definitions:
        parts += ["## Definitions", block(Definitions(document.definitions))]
    return "\n\n".join(parts) + "\n"


_IN_PAGE = "The HTML page, [index.html](index.html), has them to look through."


def escape(text: str) -> str:
    """One line of plain text in which no character means anything to Markdown or HTML."""
    safe = clean(text).replace("&", "&amp;").replace(">", "&gt;")
    safe = re.sub(r"<(?! \d)", "&lt;", safe)
    safe = _SPECIAL.sub(lambda m: m[1] or f"\\{m[0]}", safe)
    # a bare address would become a link
    return safe.replace("://", ":&#47;&#47;").replace("www.", "www&#46;")


def code(text: str) -> str:
    """A name in code type where that is safe, else as escaped text."""
    tidy = clean(text)
    return f"`{tidy}`" if _SAFE_AS_CODE.fullmatch(tidy) and tidy.strip() else escape(tidy)


def line(pieces: Line) -> str:
    """A sentence with its marks."""
    return "".join(_piece(p) for p in pieces).strip()


def _piece(piece: str) -> str:
    if isinstance(piece, Name):
        return code(piece)
    if isinstance(piece, Link):
        return f"[{escape(piece)}](<{_target(piece.target)}>)"
    return f"**{escape(piece)}**" if isinstance(piece, Strong) else escape(piece)


def _target(target: str) -> str:
    """Where a link leads, without a character that would end it."""
    return quote(clean(target), safe="/:?#&=%~+@,;.-_!$'*")


def block(of: Block) -> str:
    """Any block."""
    match of:
        case Prose(pieces):
            return line(pieces)
        case Card():
            return _card(of)
        case Callout(tone, pieces):
            return f"> {_MARKS.get(tone, '')} {line(pieces)}"
        case Bullets(lines):
            return "\n".join(f"- {line(pieces)}" for pieces in lines)
        case Heading(text):
            return f"### {escape(text)}"
        case Code(text, language):
            return _fenced(text, language)
        case Definitions(definitions):
            return "\n".join(f"- **{escape(e.term)}**: {line(e.line)}" for e in definitions)
        case Fold(title, blocks):
            # the blank line after the summary is what makes GitHub read Markdown inside
            inner = "\n\n".join(_folded(b) for b in blocks)
            summary = html_escape(clean(title))
            return f"<details><summary>{summary}</summary>\n\n{inner}\n\n</details>"
        case Chart():
            image = f"![{escape(of.description)}](charts/{of.file}.svg)"
            return f"{image}\n\n*{escape(of.caption)}*" if of.caption else image
        case Charts(charts, note):
            return "\n\n".join([*map(block, charts), *([line(note)] if note else [])])
        case Beside(left, right):
            return "\n\n".join(map(block, (*left, *right)))
        case Download():
            return f"The page holds {escape(of.label)}."
        case Table():
            return _table(of)
        case Confusion():
            return _confusion(of)
        case Samples(lines):
            return "\n\n".join([_IN_PAGE, *(line(pieces) for pieces in lines)])
        case Texts(prompt, texts):
            return "\n\n".join([*_passage(prompt), *(part for of in texts for part in _text(of))])


def _card(of: Card) -> str:
    """A quote, in which each row ends its line; the effects stand beneath it as a list."""
    rows = [f"**{line(of.title)}**", line(of.rule), *map(_card_row, of.rows)]
    quoted = "\\\n".join(f"> {row}" for row in rows)
    effects = "\n".join(f"- {_card_row(row)}" for row in of.effects)
    return "\n\n".join(filter(None, (quoted, effects, f"*{line(of.foot)}*")))


def _card_row(of: CardRow) -> str:
    sign = f"{_MARKS[of.tone]} " if of.tone in ("bad", "unsure") else ""
    detail = f" {line(of.detail)}:" if of.detail else ""
    return f"{sign}**{escape(of.label)}**{detail} {line(of.line)}"


def _folded(of: Block) -> str:
    # two lists in a row would run into one
    return f"{block(of)}\n\n<!-- -->" if isinstance(of, Definitions) else block(of)


def _fenced(text: str, language: str) -> str:
    body = clean_lines(text)
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{body}\n{fence}"


def _text(of: Text) -> list[str]:
    names = ", ".join(code(name) for name in of.names)
    marks = " · ".join(escape(mark.text) for mark in of.marks)
    thought = _shut(f"Its thought: {len(of.thought):,} characters", of.thought)
    return [f"{names}: {marks}", *_passage(of.passage), *thought]


def _passage(of: Passage) -> list[str]:
    """Fenced, so that nothing in it is Markdown."""
    head = [_fenced(_wrapped(of.head), "text")] if of.head else []
    return [*head, *_shut(f"{len(of.rest):,} more characters", of.rest)]


def _shut(title: str, text: str) -> list[str]:
    return [block(Fold(title, (Code(_wrapped(text), "text"),)))] if text else []


def _wrapped(text: str) -> str:
    lines = (
        textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False) or [""]
        for line in clean_lines(text).split("\n")
    )
    return "\n".join(one for broken in lines for one in broken)


def _table(of: Table) -> str:
    headers = [_beside(escape(c.label), escape(c.detail)) for c in of.columns]
    rows = [
        [f"*{_field(f)}*" if row.floor and i == 0 else _field(f) for i, f in enumerate(row.fields)]
        for row in of.rows
    ]
    grid = _grid(headers, rows, ["right" if c.numeric else "left" for c in of.columns])
    return "\n\n".join([f"**{escape(of.caption)}**", grid, *(line(n) for n in of.notes)])


def _grid(headers: list[str], rows: list[list[str]], align: list[str]) -> str:
    kept = align if rows else None
    return tabulate(rows, headers, tablefmt="pipe", colalign=kept, disable_numparse=True)


def _field(of: Datum) -> str:
    text = code(of.text) if of.name else escape(of.text)
    return _beside(text, escape(of.detail))


def _beside(text: str, detail: str) -> str:
    """What a field says, and behind it what qualifies it: an interval and a sign as they are, all else
    in brackets."""
    is_plain = not text or not detail or detail.startswith(_SET_APART)
    return f"{text} {detail}".strip() if is_plain else f"{text} ({detail})"


def _confusion(of: Confusion) -> str:
    headers = ["right label", *(escape(label) for label in of.labels), "unparsed"]
    rows = [
        [escape(label), *(f"**{v}**" if i == j else str(v) for j, v in enumerate(counts))]
        for i, (label, counts) in enumerate(zip(of.labels, of.counts, strict=True))
    ]
    grid = _grid(headers, rows, ["left", *["right"] * (len(headers) - 1)])
    return f"**{escape(of.caption)}**\n\n{grid}"
