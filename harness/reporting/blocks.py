"""What a report is made of, before anyone decides how it looks.

The sections build these blocks once; Markdown and HTML each know how to write every kind. That is
why both say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from harness.reporting.grid import (
    NOT_KNOWN,
    Bar,
    Column,
    Datum,
    Fields,
    Head,
    Table,
    TableRow,
    table,
)
from harness.reporting.pieces import Line, Link, Name, Strong, Tone, joined, listed, plain

__all__ = [
    "NOT_KNOWN",
    "Bar",
    "Beside",
    "Block",
    "Bullets",
    "Callout",
    "Card",
    "CardRow",
    "Chart",
    "Charts",
    "Code",
    "Column",
    "Confusion",
    "Datum",
    "Definition",
    "Definitions",
    "Document",
    "Download",
    "Fields",
    "Fold",
    "Head",
    "Heading",
    "Line",
    "Link",
    "Name",
    "Passage",
    "Prose",
    "Section",
    "Strong",
    "Table",
    "TableRow",
    "Text",
    "Texts",
    "Tone",
    "joined",
    "listed",
    "plain",
    "table",
]


@dataclass(frozen=True)
class Confusion:
    """Answers by true label (rows) and given label (columns, the last one unparsed)."""

    caption: str
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    task: str = ""
    model: str = ""
    hrefs: tuple[tuple[str, ...], ...] = ()
    """Where each count leads, within the page."""


@dataclass(frozen=True)
class Chart:
    """A picture as SVG text, and the words for whom cannot see it.

    `file` is the stem of its file beside the Markdown.
    """

    file: str
    caption: str
    description: str
    svg: str


@dataclass(frozen=True)
class CardRow:
    """A line of a card: what it is about, and what is said of it."""

    label: str
    line: Line
    tone: Tone = "plain"
    detail: Line = ()
    """What qualifies the label; rows that share both stand together."""


@dataclass(frozen=True)
class Card:
    """The answer, for someone who reads nothing else; `effects` stand beneath it."""

    title: Line
    rule: Line
    rows: tuple[CardRow, ...]
    effects: tuple[CardRow, ...]
    foot: Line
    tone: Tone = "plain"


@dataclass(frozen=True)
class Charts:
    """Charts that stand side by side where there is room, and what all of them need said."""

    charts: tuple[Chart, ...]
    note: Line = ()


@dataclass(frozen=True)
class Download:
    """A file that the page holds, for a reader to save."""

    label: str
    file: str
    text: str


@dataclass(frozen=True)
class Beside:
    """Blocks on the left, and others to their right where there is room, else beneath."""

    left: tuple[Block, ...]
    right: tuple[Block, ...]


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    line: Line


@dataclass(frozen=True)
class Bullets:
    """Short statements that stand side by side."""

    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Callout:
    """A paragraph that must not be overlooked."""

    tone: Tone
    line: Line


@dataclass(frozen=True)
class Code:
    """Text shown as it is."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class Definition:
    """A term and what it means."""

    term: str
    line: Line
    key: str = ""
    """What a field or a heading calls it by."""


@dataclass(frozen=True)
class Definitions:
    """A list of terms, such as a glossary or the fields of one example."""

    definitions: tuple[Definition, ...]


@dataclass(frozen=True)
class Fold:
    """Blocks that are shut until a reader opens them."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Passage:
    """A longer text as someone or a model wrote it: its beginning, and what is shut at first."""

    head: str
    rest: str = ""


@dataclass(frozen=True)
class Text:
    """What one or more models wrote, and what a reader should know of it."""

    names: tuple[str, ...]
    marks: tuple[Datum, ...]
    passage: Passage
    thought: str = ""
    """What was written before it and is no part of it; shut at first."""


@dataclass(frozen=True)
class Texts:
    """A prompt, and what each model wrote on it."""

    prompt: Passage
    texts: tuple[Text, ...]


@dataclass(frozen=True)
class Samples:
    """The sample browser: every answer, to be looked through with the page's script.

    `excerpt` is what a reader has without it, and on paper.
    """

    lines: tuple[Line, ...]
    """What is there, and what is not."""
    excerpt: tuple[Block, ...]
    index: str
    """JSON: the tasks, their models, metrics and modes."""
    payloads: tuple[str, ...]
    """A task's answers each: JSON, deflated, as base64."""


@dataclass(frozen=True)
class Heading:
    """The title of a part of a section."""

    text: str


Block: TypeAlias = (
    Table
    | Confusion
    | Chart
    | Card
    | Charts
    | Beside
    | Download
    | Prose
    | Bullets
    | Callout
    | Code
    | Definitions
    | Fold
    | Heading
    | Samples
    | Texts
)


@dataclass(frozen=True)
class Section:
    """A part of the report that the table of contents names."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """The whole report."""

    title: str
    subtitle: Line
    sections: tuple[Section, ...]
    definitions: tuple[Definition, ...] = ()
    """Of the terms that fields and headings name by their keys."""
    samples: str = ""
    """How many answers were asked for; "" for the usual ones."""
