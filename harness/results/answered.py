"""Reads what models answered, for a report: plain data, since a page may hold 200,000 samples."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import from_json

from harness.home import default_home
from harness.records import Answered, CellSamples, Summary
from harness.results.prompts import prompt_texts
from harness.results.store import ResultsStore
from harness.sealed import lines_in
from harness.suite.schema import TASK_TYPES

Row = dict[str, Any]


def read_answered(results: Path, summary: Summary, home: Path | None = None) -> Answered:
    """The samples of all cells that were answered, with texts and prompts as far as they were kept.

    Timed cells have no answers. What cannot be read is passed over.

    Args:
        results: results/<suite>.
        summary: of these results.
        home: of the harness, where prompts of older results may still lie.
    """
    with _uncollected():
        return _read(ResultsStore(results), summary, home or default_home())


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for circles among objects that are plain data, which took longer than reading them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read(store: ResultsStore, summary: Summary, home: Path) -> Answered:
    cells, texts = {}, {}
    for cell in summary.cells:
        if cell.status != "ok" or TASK_TYPES[summary.tasks[cell.task].type].timed:
            continue
        rows = read_rows(store.cell(cell.model, cell.task).samples_file, cell.samples_key)
        if rows:
            cells[cell.model, cell.task] = CellSamples(rows, cell.prompts)
            if cell.task not in texts:
                texts[cell.task] = store.texts(cell.task)
    steps, prompts = store.all_kept(), {}
    for digest in dict.fromkeys(of.prompts for of in cells.values()):
        found = prompt_texts(store.folder, digest, steps, home)
        if found is not None:
            prompts[digest] = found
    return Answered(cells, texts, prompts)


def read_rows(file: Path, key: str) -> list[Row]:
    """The samples that belong to a key, by index, as `CellFolder.samples` has them but unchecked
    beyond their types; a line that is no sample is passed over."""
    try:
        lines = lines_in(file.read_bytes())
    except OSError:
        return []
    try:
        rows = from_json(b"[%b]" % b",".join(lines), allow_inf_nan=False)
    except ValueError:
        rows = [row for line in lines if (row := _row(line)) is not None]
    found = {row["index"]: row for row in rows if _is_sample(row) and row["key"] == key}
    return [found[index] for index in sorted(found)]


def _row(line: bytes) -> Any:
    try:
        return from_json(line, allow_inf_nan=False)
    except ValueError:
        return None


def _is_sample(row: Any) -> bool:
    return (
        isinstance(row, dict)
        and isinstance(row.get("key"), str)
        and isinstance(row.get("index"), int)
        and isinstance(row.get("id"), str)
        and isinstance(row.get("answer"), str | None)
        and isinstance(row.get("target"), str | None)
        and isinstance(row.get("scores"), dict)
        and isinstance(data := row.get("data"), dict)
        and None not in data.get("logprobs", {}).values()  # an older version wrote NaN so
    )
