"""Tables: fields under headings, and what qualifies them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from harness.reporting.format import DASH
from harness.reporting.pieces import Line, Tone


@dataclass(frozen=True)
class Bar:
    """Where a figure and its interval lie on the scale of their column, from 0 to 1."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Datum:
    """One field of a table: what it says, and in smaller type what qualifies it."""

    text: str
    detail: str = ""
    tone: Tone = "plain"
    name: bool = False
    sort: float | None = None
    """What a table is sorted by, where that is not the text."""
    bar: Bar | None = None
    term: str = ""
    """The key of its definition."""
    href: str = ""
    """Where it leads, within the page."""


NOT_KNOWN = Datum(DASH, tone="missing")


@dataclass(frozen=True)
class Column:
    """A heading, what qualifies it (a unit, a direction), and whether its fields are numbers."""

    label: str
    detail: str = ""
    numeric: bool = True
    of: str = ""
    """What sets it apart from another column that reads alike."""
    term: str = ""
    """The key of its definition."""


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
    tools: bool = False
    """Whether a reader may sort and filter it; rows that are a floor stay last."""


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
