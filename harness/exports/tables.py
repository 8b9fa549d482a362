"""Where the files of a table go: one file, or with answers two side by side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.exports.results import Exported, Results
from harness.exports.tidy import Table, answers_table, metrics_table


def write_tables(
    results: Results, out: Path, ending: str, write: Callable[[Path, Table], None]
) -> Exported:
    """Writes the figures, and the answers where they are wanted.

    Args:
        results: what is exported.
        out: the file of the figures, where it ends as such files do; else the folder of both.
        ending: of the files, with its dot.
        write: makes one file.
    """
    file = out if out.suffix == ending else out / f"metrics{ending}"
    write(file, metrics_table(results))
    files, notes = [file], list(results.failures())
    if results.with_answers:
        answers = answers_table(results)
        beside = file.with_name(
            f"{file.stem}-answers{ending}" if file == out else f"answers{ending}"
        )
        write(beside, answers)
        files.append(beside)
        if not answers.rows:
            notes.append("no answers lie beside this summary, so that their table is empty")
    return Exported(tuple(files), tuple(notes))
