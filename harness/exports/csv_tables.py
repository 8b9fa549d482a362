"""CSV (RFC 4180, UTF-8): numbers as Python writes them, so that reading them back gives the same bits.

A text that a spreadsheet would take for a formula has an apostrophe before it; Parquet and JSON lines hold it
as it is.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from harness.exports.plain import dumped, finite, text
from harness.exports.results import Exported, Results
from harness.exports.tables import write_tables
from harness.exports.tidy import Kind, Table
from harness.files import defused, write_atomically


def export_csv(results: Results, out: Path) -> Exported:
    """Writes CSV files with a header."""
    return write_tables(results, out, ".csv", _write)


def _write(file: Path, table: Table) -> None:
    write_atomically(file, csv_text(table))


def csv_text(table: Table) -> str:
    """A table as CSV; what is None is empty."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow([defused(text(name)) for name in table.columns])
    for row in table.rows:
        writer.writerow([_cell(row[name], kind) for name, kind in table.columns.items()])
    return stream.getvalue()


def _cell(value: Any, kind: Kind) -> str:
    if value is None or finite(value) is None:
        return ""
    if kind == "flag":
        return "true" if value else "false"
    if kind == "json":
        return defused(dumped(value))
    return repr(float(value)) if kind == "number" else defused(text(str(value)))
