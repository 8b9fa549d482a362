"""Parquet, with a type for each column whether or not it holds anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.exports.plain import dumped, finite
from harness.exports.results import Exported, Results
from harness.exports.tables import write_tables
from harness.exports.tidy import Kind, Table
from harness.files import replaced


def export_parquet(results: Results, out: Path) -> Exported:
    """Writes Parquet files, compressed by Zstandard."""
    return write_tables(results, out, ".parquet", write_parquet)


def write_parquet(file: Path, table: Table) -> None:
    """Writes a table; the file appears whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types: dict[Kind, Any] = {
        "text": pa.string(),
        "json": pa.string(),
        "number": pa.float64(),
        "count": pa.int64(),
        "flag": pa.bool_(),
    }
    columns = {
        name: pa.array([_value(row[name], kind) for row in table.rows], types[kind])
        for name, kind in table.columns.items()
    }
    with replaced(file) as scratch:
        pq.write_table(pa.table(columns), scratch, compression="zstd")


def _value(value: Any, kind: Kind) -> Any:
    if kind == "json":
        return None if value is None else dumped(value)
    return finite(value)
