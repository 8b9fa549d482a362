"""`harness report`: the report of results that are there."""

from __future__ import annotations

import json
from pathlib import Path

from harness.reporting.write import write_report
from harness.results.store import read_summary


def report_results(results: Path, reports: Path, as_json: bool) -> int:
    """Writes Markdown and HTML. Returns the exit code."""
    summary = read_summary(results)
    files = write_report(summary, reports / summary.place)
    if as_json:
        print(json.dumps({"reports": [str(file) for file in files]}))
    else:
        for file in files:
            if file.suffix in (".md", ".html"):
                print(f"Report: {file}")
    return 0
