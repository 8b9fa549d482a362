"""Tables in the usual files, as rows of named columns, each with the place it came from."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.data.csv_rows import csv_rows
from harness.data.decoding import decode, decode_table
from harness.data.json_rows import PlacedRow, json_rows, jsonl_rows, numbered
from harness.data.readings import SourceFile, read_bytes, source_file
from harness.errors import BadDataError, InputError

DataRow = dict[str, Any]
MOST_ROWS = 10_000_000
MOST_BYTES = 1 << 31
"""Of a Parquet file, unpacked: a few bytes can say a thousand million rows."""
GUESSED = ("latin-1", "windows-1252")
"""Encodings that a text is taken for which is not UTF-8."""


@dataclass(frozen=True)
class TableFormat:
    """What a file does not say of itself; "" leaves it to the file's ending and bytes."""

    delimiter: str = ""
    """Of CSV and TSV: one character."""
    encoding: str = ""
    """As Python calls it, such as windows-1251."""


@dataclass(frozen=True)
class DataTable:
    """Rows, in the file's order. `places[i]` says where row i stands: `file:line`, `file:line (row i)` in a
    JSON array, `file, row i` where there are no lines."""

    rows: tuple[DataRow, ...]
    places: tuple[str, ...]
    source: SourceFile
    encoding_given: bool = False
    """Whether the suite said how its text is encoded."""
    settable: bool = False
    """Whether it has a place to say so."""

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that any row has, in the order of first sight."""
        return tuple(dict.fromkeys(column for row in self.rows for column in row))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should be told of the encoding, if anything."""
        encoding = self.source.encoding
        if self.encoding_given or encoding not in GUESSED:
            return ()
        said = f"{self.source.path} is not UTF-8 and was read as {encoding}"
        return (said + ": set its `encoding` if letters are wrong" * self.settable,)


def read_table(
    path: Path,
    expected_sha256: str | None = None,
    pins: Sequence[str] = (),
    form: TableFormat | None = None,
) -> DataTable:
    """Reads CSV, TSV, JSON, JSON lines or Parquet, by the file's ending.

    CSV and TSV have a header; quoted fields may hold line breaks. JSON is an array of objects, or an
    object whose only list is that array. Texts are UTF-8 with or without a byte order mark; where they
    are not, they are read as latin-1 or windows-1252, and `DataTable.notes` says so.

    Args:
        path: of the file.
        expected_sha256: that it must have, if someone said so.
        pins: SHA-256 of copies that are known to be good.
        form: what a suite says of it; None where it has no place to say so.

    Raises:
        InputError: no such file, or an ending that is none of these.
        BadDataError: the file cannot be read as what its ending says; names file and line.
    """
    if path.is_dir():
        raise InputError(f"{path}: this is a folder", "Name a file in it.")
    if not is_table(path):
        endings = ", ".join(sorted(_ENDINGS))
        known = _OTHERS.get(path.suffix.lower())
        what, hint = known or ("not a table that can be read", "")
        raise InputError(f"{path}: {what}", f"{hint} Endings are: {endings}.".strip())
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    return parse_table(path, read_bytes(path), expected_sha256, pins, form)


def parse_table(
    path: Path,
    data: bytes,
    expected_sha256: str | None = None,
    pins: Sequence[str] = (),
    form: TableFormat | None = None,
) -> DataTable:
    """Does as `read_table` with contents that are at hand; `path` gives their name and ending."""
    source = source_file(path, data, pins, expected_sha256)
    ending = path.suffix.lower()
    settable, form = form is not None, form or TableFormat()
    if form.delimiter and ending not in (".csv", ".tsv"):
        raise InputError(f"{path}: only CSV and TSV have a `delimiter`", "Leave it out.")
    if ending == ".parquet":
        placed = _parquet(path, data)
    else:
        _check_bytes(path, data)
        if form.encoding:
            decoded = decode(data, path, form.encoding)
        else:
            decoded = decode_table(data, path, settable)
        source = replace(source, encoding=decoded.encoding)
        if ending in _DELIMITERS:
            delimiter = form.delimiter or _DELIMITERS[ending]
            placed = csv_rows(path, decoded.text, delimiter, settable)
        else:
            placed = _READERS[ending](path, decoded.text)
    rows, places = [], []
    for place, row in placed:
        if not isinstance(row, dict):
            raise BadDataError(f"{place}: a row must be an object of columns, not {_kind(row)}")
        rows.append(row)
        places.append(place)
    return DataTable(tuple(rows), tuple(places), source, bool(form.encoding), settable)


def is_table(path: Path | str) -> bool:
    """Whether a name ends as a table's does."""
    return Path(path).suffix.lower() in _ENDINGS


def _check_bytes(path: Path, data: bytes) -> None:
    """Refuses what is no text, by the way in which it begins."""
    for mark, what, hint in _BINARY:
        if data.startswith(mark):
            raise BadDataError(f"{path}: no text, but {what}", hint)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {list: "an array", str: "a text", bool: "a truth value"}
    return names.get(type(value), "a number")


def _parquet(path: Path, data: bytes) -> Iterator[PlacedRow]:
    import pyarrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        said = file.metadata
        size = sum(said.row_group(place).total_byte_size for place in range(said.num_row_groups))
        if said.num_rows > MOST_ROWS or size > MOST_BYTES:
            raise BadDataError(
                f"{path}: it would unpack to {said.num_rows:,} rows and {size:,} bytes; the limits are "
                f"{MOST_ROWS:,} and {MOST_BYTES:,}",
                "Keep the rows and columns that are needed.",
            )
        rows = file.read().to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError, OverflowError) as error:
        said = str(error).split("\n")[0]
        raise BadDataError(f"{path}: not a Parquet file, or damaged: {said}") from None
    return numbered(path, rows)


_UNPACK = "Unpack it first."
_SAVE = "Save the sheet as CSV (UTF-8)."
_BINARY = (
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive", f"{_SAVE} An archive is to be unpacked."),
    (b"\x1f\x8b", "compressed by gzip", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "compressed by zstandard", _UNPACK),
    (b"BZh", "compressed by bzip2", _UNPACK),
    (b"\xfd7zXZ\x00", "compressed by xz", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"PAR1", "Parquet", "Let its name end in .parquet."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", _SAVE),
)
_OTHERS = {
    **dict.fromkeys((".xlsx", ".xls", ".ods"), ("a workbook, and not a table that can be read", _SAVE)),
    **dict.fromkeys((".gz", ".zst", ".bz2", ".xz", ".zip", ".7z", ".tar", ".tgz", ".rar"), ("compressed, and not a table that can be read", _UNPACK)),
}  # fmt: skip
_READERS: dict[str, Callable[[Path, str], Iterator[PlacedRow]]] = {
    ".json": json_rows,
    ".jsonl": jsonl_rows,
    ".ndjson": jsonl_rows,
}
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_ENDINGS = (*_DELIMITERS, *_READERS, ".parquet")
