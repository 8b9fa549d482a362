"""Rows that a user's function gives, written down as JSON lines: `python -m harness.data.from_function`.

Run in a process of its own, so that what the function imports, prints or breaks stays there. Workers
read what was written, and never run the function.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from harness.errors import BadDataError, HarnessError
from harness.parent import die_with_parent
from harness.python_hook import PythonHook, blamed, find_hook, load_hook

PARTS = ("train", "test", "validation")
FAILURE = "failure.json"
FORM = (
    "It gives {train: rows, test: rows}, perhaps with validation; a row is "
    "{prompt: …, target: …}, perhaps with an id."
)


def write_rows(hook: PythonHook, out: Path) -> None:
    """Calls a function and writes `train.jsonl`, `test.jsonl` and perhaps `validation.jsonl`.

    Raises:
        BadDataError: the function fails (with file and line of its code), or gives something else.
    """
    function = load_hook(hook)
    with blamed(hook, f"`{hook.function}` failed"):
        given = function()
    if not isinstance(given, Mapping):
        raise _wrong(hook, f"`{hook.function}` gave {_kind(given)}, and no mapping of parts")
    unknown = [str(part) for part in given if part not in PARTS]
    if unknown:
        raise _wrong(hook, f"`{hook.function}` gave a part `{unknown[0]}`, which is none")
    for part in ("train", "test"):
        if part not in given:
            raise _wrong(hook, f"`{hook.function}` gave no `{part}`")
    for part in given:
        file = out / f"{part}.jsonl"
        with file.open("w", encoding="utf-8") as stream:
            stream.writelines(f"{json.dumps(row)}\n" for row in _rows(hook, part, given[part]))
        if not file.stat().st_size:
            raise _wrong(hook, f"`{part}` has no rows")


def _rows(hook: PythonHook, part: str, given: Any) -> Iterator[dict[str, str | None]]:
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise _wrong(hook, f"`{part}` is {_kind(given)}, and no series of rows")
    rows: Iterator[Any] | None = None
    for number in count():
        with blamed(hook, f"`{part}` failed behind row {number}"):
            rows = iter(given) if rows is None else rows
            row = next(rows, None)
        if row is None:
            return
        yield _row(hook, row, f"row {number + 1} of `{part}`")


def _row(hook: PythonHook, row: Any, place: str) -> dict[str, str | None]:
    if not isinstance(row, Mapping):
        raise _wrong(hook, f"{place} is {_kind(row)}, and no mapping")
    asked = "prompt" if "prompt" in row else "text"
    for key in (asked, "target"):
        if key not in row:
            wanted = "`prompt` (or `text`)" if key == "text" else f"`{key}`"
            raise _wrong(
                hook, f"{place} has no {wanted}, only {', '.join(map(str, row)) or 'nothing'}"
            )
    return {
        "prompt": _text(hook, row[asked], f"`{asked}` of {place}"),
        "target": _text(hook, row["target"], f"`target` of {place}"),
        "id": None if row.get("id") is None else _text(hook, row["id"], f"`id` of {place}"),
    }


def _text(hook: PythonHook, value: Any, place: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(value)
    raise _wrong(hook, f"{place} is {_kind(value)}, and no text")


def _kind(value: Any) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _wrong(hook: PythonHook, message: str) -> BadDataError:
    return BadDataError(f"{hook.file}: {message}", FORM)


def main(text: str, folder: str, out: str) -> int:
    """Writes the rows, or what went wrong; returns the exit code."""
    die_with_parent()
    try:
        write_rows(find_hook(text, Path(folder)), Path(out))
    except HarnessError as error:
        said = {"message": error.message, "hint": error.hint}
        (Path(out) / FAILURE).write_text(json.dumps(said), encoding="utf-8")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
