"""Tables in the usual files, as rows of named columns, each with the place it came from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.data.decoding import Decoded, decode, lines
from harness.data.readings import SourceFile, read_bytes, source_file
from harness.errors import BadDataError, InputError

MAX_FIELD_CHARACTERS = 2**27
DataRow = dict[str, Any]


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


def read_table(path: Path, expected_sha256: str | None = None) -> DataTable:
    """Reads CSV, TSV, JSON, JSON lines or Parquet, by the file's ending.

    CSV and TSV have a header; quoted fields may hold line breaks. JSON is an array of objects, or an
    object whose only list is that array. Texts are UTF-8 with or without a byte order mark; where they
    are not, they are read as latin-1, and `DataTable.notes` says so.

    Raises:
        InputError: no such file, or an ending that is none of these.
        BadDataError: the file cannot be read as what its ending says; names file and line.
    """
    if path.suffix.lower() not in _READERS:
        endings = ", ".join(sorted(_READERS))
        raise InputError(f"{path}: not a table that can be read", f"Endings are: {endings}.")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    return parse_table(path, read_bytes(path), expected_sha256)


def parse_table(path: Path, data: bytes, expected_sha256: str | None = None) -> DataTable:
    """Does as `read_table` with contents that are at hand; `path` gives their name and ending."""
    source = source_file(path, data, expected=expected_sha256)
    return _READERS[path.suffix.lower()](path, data, source)


def is_table(path: Path | str) -> bool:
    """Whether a name ends as a table's does."""
    return Path(path).suffix.lower() in _READERS


def _with(source: SourceFile, decoded: Decoded) -> SourceFile:
    return replace(source, encoding=decoded.encoding)


def _csv(delimiter: str) -> Callable[[Path, bytes, SourceFile], DataTable]:
    def read(path: Path, data: bytes, source: SourceFile) -> DataTable:
        decoded = decode(data, path)
        records = read_csv(path, decoded.text, delimiter)
        _, header = next(records, (1, []))
        names = _column_names(path, header)
        rows, places = [], []
        for line, record in records:
            if len(record) != len(names):
                raise BadDataError(
                    f"{path}:{line}: {len(record)} fields where the header has {len(names)}",
                    "Put quotes round fields that hold the delimiter or a line break.",
                )
            rows.append(dict(zip(names, record, strict=True)))
            places.append(f"{path}:{line}")
        return DataTable(tuple(rows), tuple(places), _with(source, decoded))

    return read


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


def _jsonl(path: Path, data: bytes, source: SourceFile) -> DataTable:
    decoded = decode(data, path)
    rows, places = [], []
    for number, line in enumerate(lines(decoded.text), start=1):
        if line.strip():
            place = f"{path}:{number}"
            rows.append(_object(_loads(line, place), place))
            places.append(place)
    return DataTable(tuple(rows), tuple(places), _with(source, decoded))


def _json(path: Path, data: bytes, source: SourceFile) -> DataTable:
    decoded = decode(data, path)
    text = decoded.text
    if not text.lstrip().startswith("["):
        if _looks_like_lines(text):
            return _jsonl(path, data, source)
        found = _only_list(path, text)
        rows = [_object(row, f"{path}, row {n}") for n, row in enumerate(found, start=1)]
        places = [f"{path}, row {n}" for n in range(1, len(rows) + 1)]
        return DataTable(tuple(rows), tuple(places), _with(source, decoded))
    elements = enumerate(_elements(path, text), start=1)
    placed = [(f"{path}:{line} (row {number})", row) for number, (line, row) in elements]
    rows = [_object(row, place) for place, row in placed]
    return DataTable(tuple(rows), tuple(place for place, _ in placed), _with(source, decoded))


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
    if text[at : at + 1] == "]":
        _check_end(path, text, at + 1)
        return
    while True:
        line, counted = line + text.count("\n", counted, at), at
        try:
            row, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise BadDataError(f"{path}:{line}: not JSON: {error}") from None
        yield line, row
        at = _skip(text, at)
        after = text[at : at + 1]
        if after == "]":
            _check_end(path, text, at + 1)
            return
        if after != ",":
            raise BadDataError(
                f"{path}:{line}: not JSON: the array is not closed after this row",
                "The file may be cut off: get it again.",
            )
        at = _skip(text, at + 1)


def _loads(text: str, place: Path | str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadDataError(f"{place}: not JSON: {error}") from None


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at


def _check_end(path: Path, text: str, at: int) -> None:
    if text[at:].strip():
        raise BadDataError(f"{path}: not JSON: more text follows the array")


def _object(row: Any, place: str) -> DataRow:
    if not isinstance(row, dict):
        raise BadDataError(f"{place}: a row must be an object of columns, not {_kind(row)}")
    return row


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {list: "an array", str: "a text", bool: "a truth value"}
    return names.get(type(value), "a number")


def _parquet(path: Path, data: bytes, source: SourceFile) -> DataTable:
    import pyarrow
    from pyarrow import parquet

    try:
        rows = parquet.read_table(io.BytesIO(data)).to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        said = str(error).split("\n")[0]
        raise BadDataError(f"{path}: not a Parquet file, or damaged: {said}") from None
    places = tuple(f"{path}, row {number}" for number in range(1, len(rows) + 1))
    return DataTable(tuple(rows), places, source)


_READERS: dict[str, Callable[[Path, bytes, SourceFile], DataTable]] = {
    ".csv": _csv(","),
    ".tsv": _csv("\t"),
    ".json": _json,
    ".jsonl": _jsonl,
    ".ndjson": _jsonl,
    ".parquet": _parquet,
}
