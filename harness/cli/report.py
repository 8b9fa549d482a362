"""`harness report`: the report of results that are there."""

from __future__ import annotations

import shlex
from pathlib import Path

from harness.cli.consoles import output_console, say
from harness.cli.outputs import hand_over, hand_over_json
from harness.records import Summary
from harness.records.licences import Amount
from harness.reporting.browser.chosen import quoted
from harness.reporting.comment import Place, comment
from harness.reporting.write import write_report
from harness.results.answered import read_answered
from harness.results.baselines import results_folder
from harness.results.store import read_summary


def report_results(results: Path, reports: Path, samples: Amount | None, as_json: bool) -> int:
    """Writes Markdown and HTML. Returns the exit code."""
    files = write_pages(results, read_summary(results), reports, samples)
    if as_json:
        hand_over_json({"reports": [str(file) for file in files]})
    else:
        for file in files:
            if file.suffix in (".md", ".html"):
                say(output_console(), f"Report: {file}")
    return 0


def write_pages(
    results: Path, summary: Summary, reports: Path, samples: Amount | None = None
) -> list[Path]:
    """Writes the report of results with their answers; gives its files."""
    answered = read_answered(results_folder(results), summary)
    return write_report(summary, reports / summary.place, answered, samples)


def print_comment(results: Path, reports: Path, link: str, samples: Amount | None) -> int:
    """Prints a comment for a pull request, and nothing else. Returns the exit code."""
    summary = quoted(read_summary(results), samples)
    command = ["report", "--markdown", str(results)]
    if summary.gates:
        command = ["gate", str(results)]
    where = page_of(summary, reports, link)
    hand_over(comment(summary, Place(where, shlex.join(["harness", *command]))))
    return 0


def page_of(summary: Summary, reports: Path, link: str) -> str:
    """Where the report can be read: the address that was given, else its path if it is there."""
    page = reports / summary.place / "index.html"
    return link or (page.as_posix() if page.is_file() else "")
