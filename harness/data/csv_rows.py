"""Rows of CSV and TSV, and what is wrong where a file has others than it seems."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from harness.errors import BadDataError

MAX_FIELD_CHARACTERS = 2**27
_QUOTED = re.compile(r'"[^"]*"')
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def csv_rows(
    path: Path, text: str, delimiter: str, settable: bool = False
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows below a header, each with its place.

    Args:
        path: of the file, for messages.
        text: of the file.
        delimiter: between fields.
        settable: whether a suite can say that it is another.

    Raises:
        BadDataError: no rows of such columns; says what the file seems to be in its place.
    """
    first = text.lstrip("\r\n").partition("\n")[0].rstrip("\r")
    _check_delimiter(path, first, delimiter, settable)
    records = read_csv(path, text, delimiter)
    _, header = next(records, (1, []))
    names = _column_names(path, header)
    for line, record in records:
        if len(record) != len(names):
            raise BadDataError(
                f"{path}:{line}: {len(record)} fields where the header has {len(names)}",
                "Put quotes round fields that hold the delimiter or a line break, and let each row "
                "have all columns.",
            )
        if delimiter == "\t":
            _check_quotes(path, line, record)
        yield f"{path}:{line}", dict(zip(names, record, strict=True))


def read_csv(path: Path, text: str, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """The records of a CSV, with the line each begins in; empty lines are passed over.

    Raises:
        BadDataError: a quote is not closed, or stands where none can.
    """
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadDataError(
                f"{path}:{line}: not CSV: {error}", 'A quote inside quotes is written "".'
            ) from None
        if record:
            yield line, record


def _check_delimiter(path: Path, header: str, delimiter: str, settable: bool) -> None:
    """Refuses a header in which another delimiter stands, and not this one.

    It is looked at as it stands: with the wrong delimiter its quotes would be what is wrong.
    """
    if header.startswith("sep=") and len(header) == len("sep=;"):
        raise BadDataError(
            f"{path}:1: the first line is {header!r}, a note to Excel, and no header of columns",
            "Take that line out"
            + f", and set `delimiter: {_in_yaml(header[-1])}`" * settable
            + ".",
        )
    unquoted = _QUOTED.sub("", header)
    if delimiter in unquoted:
        return
    if header[:1] in ("{", "["):
        raise BadDataError(
            f"{path}:1: this is JSON, and no header of columns: {header!r:.60}",
            "Let its name end in .json (an array of rows) or .jsonl (a row a line).",
        )
    other = next((one for one in DELIMITERS if one != delimiter and one in unquoted), None)
    if other is not None:
        key = f"Set `delimiter: {_in_yaml(other)}` beside the file, or save it with commas."
        raise BadDataError(
            f"{path}:1: the header {header!r:.60} is one column: its names are parted by "
            f"{DELIMITERS[other]}, not {DELIMITERS.get(delimiter, repr(delimiter))}",
            key if settable else "Save it with commas.",
        )


def _in_yaml(delimiter: str) -> str:
    return '"\\t"' if delimiter == "\t" else f'"{delimiter}"'


def _check_quotes(path: Path, line: int, record: Sequence[str]) -> None:
    """Refuses a field that holds what looks like rows: TSV is often written without quotes."""
    if any("\n" in field and "\t" in field for field in record):
        raise BadDataError(
            f"{path}:{line}: a quote that opens here takes in the rows behind it",
            'Write each quote inside a text twice and put quotes round that text ("he said ""no"""), '
            "or save the file as JSON lines.",
        )


def _column_names(path: Path, header: Sequence[str]) -> list[str]:
    names = [name.strip() or f"column{place}" for place, name in enumerate(header, start=1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadDataError(f"{path}:1: column {twice[0]!r} stands in the header twice")
    return names
