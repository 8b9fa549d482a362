"""`harness baseline`: saves results to hold later ones against."""

from __future__ import annotations

from pathlib import Path

from harness.cli.consoles import output_console, say
from harness.cli.outputs import hand_over_json
from harness.disk import bytes_in
from harness.quantities import byte_size
from harness.results.apart import lacking
from harness.results.baselines import save_baseline
from harness.results.store import read_summary


def save(results: Path, name: str, baselines: Path, replace: bool, as_json: bool) -> int:
    """Saves a baseline and says where. Returns the exit code."""
    folder = save_baseline(results, name, baselines, replace)
    notes = lacking(results, read_summary(folder))
    size = bytes_in(folder)
    if as_json:
        hand_over_json({"baseline": str(folder), "bytes": size, "notes": notes})
    else:
        say(
            output_console(),
            f"Baseline: {folder} ({byte_size(size)})",
            *notes,
            f"Hold results against it: harness gate {results} --baseline {name}",
        )
    return 0
