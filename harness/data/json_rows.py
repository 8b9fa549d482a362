"""Rows of JSON and JSON lines, each with its place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.data.decoding import lines
from harness.errors import BadDataError

ONE_LINE = "A row is one line; the name of an array of rows ends in .json."
PlacedRow = tuple[str, Any]
"""Where a row stands, and what stands there: an object of columns, if all is well."""


def jsonl_rows(path: Path, text: str) -> Iterator[PlacedRow]:
    """A row a line, each with its place.

    Raises:
        BadDataError: a line is no JSON.
    """
    if text.lstrip().startswith("[") and _is_array(text):
        raise BadDataError(
            f"{path}:1: this is an array, and no row a line", "Let its name end in .json."
        )
    for number, line in enumerate(lines(text), start=1):
        if line.strip():
            yield f"{path}:{number}", _loads(line, f"{path}:{number}", ONE_LINE)


def json_rows(path: Path, text: str) -> Iterator[PlacedRow]:
    """The rows of an array, of an object whose only list is that array, or of JSON lines.

    Raises:
        BadDataError: it is none of these.
    """
    if text.lstrip().startswith("["):
        for number, (line, row) in enumerate(_elements(path, text), start=1):
            yield f"{path}:{line} (row {number})", row
    elif _looks_like_lines(text):
        yield from jsonl_rows(path, text)
    else:
        yield from numbered(path, _only_list(path, text))


def numbered(path: Path, rows: Iterable[Any]) -> Iterator[PlacedRow]:
    """Rows that stand in no lines, with their numbers for places."""
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
        raise BadDataError(
            f"{path}: not an array of rows",
            'Write the rows as [{…}, {…}], as pandas does with `orient="records"`.',
        )
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


def _loads(text: str, place: Path | str, hint: str = "") -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadDataError(f"{place}: not JSON: {error}", hint) from None


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at


def _is_array(text: str) -> bool:
    """Whether a whole text is one array of objects."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, list) and all(isinstance(row, dict) for row in found)
