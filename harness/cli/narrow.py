"""What does not fit a terminal's width: tables row by row, lines broken between their words.

In a window of 40 columns Rich cuts words in two, or to `a-mo…`, and a figure that is cut is another figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

FOLDED = 16
"""Columns of the terminal that a column of a table needs whose long words may be folded, such as paths."""
UNBOUNDED = 100_000
SPACE = re.compile(" (?!…)")
NOTHING = ("", "-", "–")


def fitted(table: Table, console: Console, options: ConsoleOptions) -> RenderableType:
    """The table if each word of it has room, else its rows one below the other.

    Args:
        table: with a header.
        console: on which it is shown.
        options: with the width that there is.
    """
    wide = options.update(max_width=UNBOUNDED, width=UNBOUNDED)
    whole = Measurement.get(console, wide, table).maximum
    if whole <= options.max_width:
        return table
    needs = [_needs(console, wide, column) for column in table.columns]
    lines_between = whole - sum(need.maximum for need in needs)
    spare = options.max_width - lines_between - sum(need.minimum for need in needs)
    return _as_list(table, console) if spare < 0 else _with_widths(table, needs, spare)


def _needs(console: Console, wide: ConsoleOptions, column: Column) -> Measurement:
    """How wide a column's longest word is, and its longest line."""
    cells = [*([column.header] if column.header else []), *column.cells]
    sizes = [Measurement.get(console, wide, cell) for cell in cells]
    least = max((size.minimum for size in sizes), default=0)
    most = max((size.maximum for size in sizes), default=0)
    if column.no_wrap:
        least = most
    return Measurement(min(least, FOLDED) if column.overflow == "fold" else least, most)


def _with_widths(table: Table, needs: Sequence[Measurement], spare: int) -> Table:
    """The table with columns in which no word is cut; what room is left goes to those that lack most."""
    widths = [need.minimum for need in needs]
    while spare > 0:
        lacks = [need.maximum - width for need, width in zip(needs, widths, strict=True)]
        most = lacks.index(max(lacks))
        if lacks[most] <= 0:
            break
        widths[most] += 1
        spare -= 1
    made = copy(table)
    made.columns = [replace(of, width=at) for of, at in zip(table.columns, widths, strict=True)]
    return made


def _as_list(table: Table, console: Console) -> RenderableType:
    """A paragraph a row: its name, and below it each of its other fields with the column's heading."""
    parts: list[RenderableType] = []
    if table.title:
        parts += [_text(console, table.title, "table.title"), Text("")]
    columns = [[_text(console, cell) for cell in column.cells] for column in table.columns]
    heads = [_text(console, column.header) for column in table.columns]
    for row, fields in zip(table.rows, zip(*columns, strict=True), strict=True):
        style = row.style or ""
        named = 1 if heads[0] else 2  # a number or a kind without a heading goes before the name
        name = Text("  ").join(field for field in fields[:named] if field)
        parts.append(Text.assemble(name, style=style or "bold"))
        for head, field in zip(heads[named:], fields[named:], strict=True):
            if field.plain not in NOTHING:
                line = Text.assemble((head.plain, "dim"), "  " * bool(head), field, style=style)
                parts.append(Padding(line, (0, 0, 0, 2), expand=False))
    return Group(*parts, Text(""))


def _text(console: Console, cell: RenderableType, style: str = "") -> Text:
    """A field in one line."""
    text = console.render_str(cell, style=style) if isinstance(cell, str) else cell
    if not isinstance(text, Text):
        raise TypeError(f"a field of a table is {type(cell).__name__}, which has no text")
    return Text(" ").join(text.split("\n"))


def between_words(line: str, width: int) -> Iterator[str]:
    """A line in several where it is too long, each begun as far in as the first and two more.

    A word without room in a whole line (a path) stays whole: the terminal goes on with it in the next one, and whoever
    copies it gets it in one piece.
    """
    if cell_len(line) <= width:
        yield line
        return
    margin = line[: len(line) - len(line.lstrip(" "))]
    first, *words = SPACE.split(line[len(margin) :])
    current = f"{margin}{first}"
    for word in words:
        longer = f"{current} {word}"
        if cell_len(longer) > width:
            yield current
            longer = f"{margin}  {word}"
        current = longer
    yield current
