"""What a report is made of, before anyone decides how it looks.

The sections build these blocks once; Markdown and HTML each know how to write every kind. That is
why both say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from harness.reporting.format import DASH

Tone = Literal["plain", "good", "bad", "unsure", "missing"]


class Name(str):
    """A word that the suite wrote (a model, a task, a file), shown in code type."""


class Strong(str):
    """A word that a skimming reader must see."""


Line: TypeAlias = tuple[str, ...]
"""A sentence in pieces; the pieces that are `Name` or `Strong` are set apart."""


def plain(line: Line) -> str:
    """The sentence without its marks."""
    return "".join(line)


def joined(lines: Sequence[Line], between: str = "; ", last: str = "") -> Line:
    """Several lines as one, with other words before the last one where there are any."""
    parts: list[str] = []
    for index, line in enumerate(lines):
        parts += [last if last and index == len(lines) - 1 else between] if index else []
        parts += line
    return tuple(parts)


def listed(names: Sequence[str]) -> Line:
    """Names as a reader lists them: a, b and c."""
    return joined([(Name(name),) for name in names], ", ", " and ")


@dataclass(frozen=True)
class Datum:
    """One field of a table: what it says, and in smaller type what qualifies it."""

    text: str
    detail: str = ""
    tone: Tone = "plain"
    name: bool = False


NOT_KNOWN = Datum(DASH, tone="missing")


@dataclass(frozen=True)
class Column:
    """A heading, what qualifies it (a unit, a direction), and whether its fields are numbers."""

    label: str
    detail: str = ""
    numeric: bool = True
    of: str = ""
    """What sets it apart from another column that reads alike."""


@dataclass(frozen=True)
class TableRow:
    """Fields in the order of the columns; the first one names the row."""

    fields: tuple[Datum, ...]
    floor: bool = False


@dataclass(frozen=True)
class Table:
    """A table with its caption and the sentences that a reader needs beneath it."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    notes: tuple[Line, ...] = ()


Head: TypeAlias = Column | str
"""Of a column; one that is text alone heads words, and numbers have a `Column`."""
Fields: TypeAlias = dict[Head, Datum | str]
"""A row: what stands in it under which heading."""


def table(
    caption: str,
    rows: Iterable[Fields],
    notes: Iterable[Line] = (),
    floors: Iterable[Fields] = (),
    heads: Iterable[Head] = (),
) -> Table:
    """A table whose columns are those that any row has; a row that lacks one has a dash there.

    Args:
        caption: what it shows.
        rows: in their order.
        notes: sentences beneath it.
        floors: rows that follow and are the floor for every other one.
        heads: columns that it has even where no row does.
    """
    found = [(row, False) for row in rows] + [(row, True) for row in floors]
    columns = dict.fromkeys([*heads, *(head for row, _ in found for head in row)])
    made = (
        TableRow(tuple(_datum(row.get(head, NOT_KNOWN)) for head in columns), floor)
        for row, floor in found
    )
    return Table(caption, tuple(map(_column, columns)), tuple(made), tuple(notes))


def _column(head: Head) -> Column:
    return Column(head, numeric=False) if isinstance(head, str) else head


def _datum(field: Datum | str) -> Datum:
    return Datum(field) if isinstance(field, str) else field


@dataclass(frozen=True)
class Confusion:
    """Answers by true label (rows) and given label (columns, the last one unparsed)."""

    caption: str
    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Chart:
    """A picture as SVG text, with words for whom cannot see it; `file` is the stem of its file."""

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
class Heading:
    """The title of a part of a section."""

    text: str


Block: TypeAlias = (
    Table
    | Confusion
    | Chart
    | Card
    | Prose
    | Bullets
    | Callout
    | Code
    | Definitions
    | Fold
    | Heading
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


def charts(blocks: tuple[Block, ...]) -> list[Chart]:
    """Every chart among the blocks, folded ones included, in order."""
    found: list[Chart] = []
    for block in blocks:
        if isinstance(block, Chart):
            found.append(block)
        elif isinstance(block, Fold):
            found.extend(charts(block.blocks))
    return found
