"""`harness results merge`: the shards of a suite become one suite's results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.cli.consoles import error_console, output_console, say
from harness.cli.outputs import hand_over_json
from harness.cli.run import exit_code
from harness.quantities import plural
from harness.reporting.terminal import terminal_table
from harness.shards.merge import CellName, merge

MOST_NAMED = 8


def merge_shards(folders: Sequence[Path], into: Path | None, as_json: bool) -> int:
    """Joins shards and says what is missing. Returns the exit code: 1 where anything is, or a cell failed."""
    found = merge(folders, into)
    console = error_console()
    for line in found.warnings:
        say(console, f"warning: {line}")
    for words, cells in found.missing:
        say(console, f"missing: {plural(len(cells), 'cell')} of {words}: {_named(cells)}")
    code = 1 if found.missing else exit_code(found.summary)
    if as_json:
        data = {
            "results": str(found.folder),
            "cells": len(found.summary.cells),
            "missing": [{"shard": words, "cells": cells} for words, cells in found.missing],
            "warnings": list(found.warnings),
            "exit_code": code,
        }
        hand_over_json(data, indent=2)
        return code
    out = output_console()
    out.print(terminal_table(found.summary))
    say(
        out,
        f"Merged {plural(len(folders), 'shard')}, {plural(len(found.summary.cells), 'cell')}: {found.folder}",
        f"`harness report {found.folder}` writes the report."
        + (" `harness run SUITE` asks what is missing." if found.missing else ""),
    )
    return code


def _named(cells: Sequence[CellName]) -> str:
    shown = ", ".join(f"{model}/{task}" for model, task in cells[:MOST_NAMED])
    more = len(cells) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
