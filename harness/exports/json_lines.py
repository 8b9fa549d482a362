"""JSON lines: an object a line, with the columns of the tables as keys."""

from __future__ import annotations

from pathlib import Path

from harness.exports.plain import dumped
from harness.exports.results import Exported, Results
from harness.exports.tables import write_tables
from harness.exports.tidy import Table
from harness.files import write_atomically


def export_json_lines(results: Results, out: Path) -> Exported:
    """Writes files of JSON lines."""
    return write_tables(results, out, ".jsonl", _write)


def _write(file: Path, table: Table) -> None:
    write_atomically(file, "".join(f"{dumped(row)}\n" for row in table.rows))
