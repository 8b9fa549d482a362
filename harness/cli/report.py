"""`harness report`: the report of results that are there."""

from __future__ import annotations

import json
from pathlib import Path

from harness.records.licences import Amount
from harness.reporting.write import write_report
from harness.results.answered import read_answered
from harness.results.baselines import results_folder
from harness.results.store import read_summary


def report_results(results: Path, reports: Path, samples: Amount | None, as_json: bool) -> int:
    """Writes Markdown and HTML. Returns the exit code."""
    summary = read_summary(results)
    answered = read_answered(results_folder(results), summary)
    files = write_report(summary, reports / summary.place, answered, samples)
    if as_json:
        print(json.dumps({"reports": [str(file) for file in files]}))
    else:
        for file in files:
            if file.suffix in (".md", ".html"):
                print(f"Report: {file}")
    return 0
