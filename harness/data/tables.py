"""Tables in the usual files, as rows of named columns, each with the place it came from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from harness.data.decoding import decode, lines
from harness.data.readings import SourceFile, read_bytes, source_file
from harness.errors import BadDataError, InputError

MAX_FIELD_CHARACTERS = 2**27
DataRow = dict[str, Any]
PlacedRow = tuple[str, Any]
"""Where a row stands, and what stands there: an object of columns, if all is well."""


@dataclass(frozen=True)
class DataTable:
    """Rows, in the file's order. `places[i]` says where row i stands: `file:line`, `file:line (row i)` in a
    JSON array, `file, row i` where there are no lines."""

    rows: tuple[DataRow, ...]
    places: tuple[str, ...]
    source: SourceFile

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that any row has, in the order of first sight."""
        return tuple(dict.fromkeys(column for row in self.rows for column in row))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should be told of the encoding, if anything."""
        if self.source.encoding != "latin-1":
            return ()
        return (f"{self.source.path} is not UTF-8 and was read as latin-1",)


def read_table(
    path: Path, expected_sha256: str | None = None, pins: Sequence[str] = ()
) -> DataTable:
    """Reads CSV, TSV, JSON, JSON lines or Parquet, by the file's ending.

    CSV and TSV have a header; quoted fields may hold line breaks. JSON is an array of objects, or an
    object whose only list is that array. Texts are UTF-8 with or without a byte order mark; where they
    are not, they are read as latin-1, and `DataTable.notes` says so.

    Raises:
        InputError: no such file, or an ending that is none of these.
        BadDataError: the file cannot be read as what its ending says; names file and line.
    """
    if not is_table(path):
        endings = ", ".join(sorted(_ENDINGS))
        raise InputError(f"{path}: not a table that can be read", f"Endings are: {endings}.")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    return parse_table(path, read_bytes(path), expected_sha256, pins)


def parse_table(
    path: Path, data: bytes, expected_sha256: str | None = None, pins: Sequence[str] = ()
) -> DataTable:
    """Does as `read_table` with contents that are at hand; `path` gives their name and ending."""
    source = source_file(path, data, pins, expected_sha256)
    ending = path.suffix.lower()
    if ending == ".parquet":
        placed = _parquet(path, data)
    else:
        decoded = decode(data, path)
        source = replace(source, encoding=decoded.encoding)
        placed = _READERS[ending](path, decoded.text)
    rows, places = [], []
    for place, row in placed:
        if not isinstance(row, dict):
            raise BadDataError(f"{place}: a row must be an object of columns, not {_kind(row)}")
        rows.append(row)
        places.append(place)
    return DataTable(tuple(rows), tuple(places), source)


def is_table(path: Path | str) -> bool:
    """Whether a name ends as a table's does."""
    return Path(path).suffix.lower() in _ENDINGS


def _csv(path: Path, text: str, delimiter: str = ",") -> Iterator[PlacedRow]:
    records = read_csv(path, text, delimiter)
    _, header = next(records, (1, []))
    names = _column_names(path, header)
    for line, record in records:
        if len(record) != len(names):
            raise BadDataError(
                f"{path}:{line}: {len(record)} fields where the header has {len(names)}",
                "Put quotes round fields that hold the delimiter or a line break.",
            )
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


def _column_names(path: Path, header: Sequence[str]) -> list[str]:
    names = [name.strip() or f"column{place}" for place, name in enumerate(header, start=1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadDataError(f"{path}:1: column {twice[0]!r} stands in the header twice")
    return names


def _jsonl(path: Path, text: str) -> Iterator[PlacedRow]:
    for number, line in enumerate(lines(text), start=1):
        if line.strip():
            yield f"{path}:{number}", _loads(line, f"{path}:{number}")


def _json(path: Path, text: str) -> Iterator[PlacedRow]:
    if text.lstrip().startswith("["):
        for number, (line, row) in enumerate(_elements(path, text), start=1):
            yield f"{path}:{line} (row {number})", row
    elif _looks_like_lines(text):
        yield from _jsonl(path, text)
    else:
        yield from _numbered(path, _only_list(path, text))


def _numbered(path: Path, rows: Iterable[Any]) -> Iterator[PlacedRow]:
    return ((f"{path}, row {number}", row) for number, row in enumerate(rows, start=1))


def _looks_like_lines(text: str) -> bool:
    """Whether the first line is a whole object and more follows, as in JSON lines."""
    first, _, rest = text.lstrip().partition("\n")
    try:
        return isinstance(json.loads(first), dict) and bool(rest.strip())
    except (ValueError, RecursionError):
        return False


def _only_list(path: Path, text: str) -> list[Any]:
    whole = _loads(text, path)
    values = whole.values() if isinstance(whole, dict) else ()
    lists = [value for value in values if isinstance(value, list)]
    if len(lists) != 1:
        raise BadDataError(f"{path}: not an array of rows", "Write the rows as [{…}, {…}].")
    return lists[0]


def _elements(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    """The elements of a JSON array with the line each begins in."""
    decoder = json.JSONDecoder()
    at = _skip(text, text.index("[") + 1)
    line, counted = 1, 0
    more = text[at : at + 1] != "]"
    while more:
        line, counted = line + text.count("\n", counted, at), at
        try:
            row, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise BadDataError(f"{path}:{line}: not JSON: {error}") from None
        yield line, row
        at = _skip(text, at)
        after = text[at : at + 1]
        if after not in (",", "]"):
            raise BadDataError(
                f"{path}:{line}: not JSON: the array is not closed after this row",
                "The file may be cut off: get it again.",
            )
        more = after == ","
        at = _skip(text, at + more)
    if text[at + 1 :].strip():
        raise BadDataError(f"{path}: not JSON: more text follows the array")


def _loads(text: str, place: Path | str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadDataError(f"{place}: not JSON: {error}") from None


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {list: "an array", str: "a text", bool: "a truth value"}
    return names.get(type(value), "a number")


def _parquet(path: Path, data: bytes) -> Iterator[PlacedRow]:
    import pyarrow
    from pyarrow import parquet

    try:
        rows = parquet.read_table(io.BytesIO(data)).to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        said = str(error).split("\n")[0]
        raise BadDataError(f"{path}: not a Parquet file, or damaged: {said}") from None
    return _numbered(path, rows)


_READERS: dict[str, Callable[[Path, str], Iterator[PlacedRow]]] = {
    ".csv": _csv,
    ".tsv": partial(_csv, delimiter="\t"),
    ".json": _json,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
}
_ENDINGS = (*_READERS, ".parquet")
