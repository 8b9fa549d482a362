"""`harness report --template`: the report of a course assignment."""

from __future__ import annotations

from pathlib import Path

from harness.assignment.states import SIGNS, State
from harness.assignment.templates import find
from harness.assignment.write import write_assignment
from harness.cli.consoles import error_console, output_console, say
from harness.cli.outputs import hand_over_json
from harness.quantities import plural
from harness.reporting.blocks import plain
from harness.reporting.format import clean
from harness.results.baselines import results_folder
from harness.results.store import read_summary


def report_assignment(results: Path, reports: Path, template: str, as_json: bool) -> int:
    """Writes the report, and says what is still open. Returns the exit code."""
    summary = read_summary(results)
    trained = any(of.training is not None for of in summary.models.values())
    made = write_assignment(summary, results_folder(results), find(template, trained), reports)
    entries = made.checklist.all
    if as_json:
        data = {
            "reports": [str(file) for file in made.files],
            "pages": made.pages,
            "checklist": [
                {"asked": entry.text, "state": entry.state.value, "shown_by": plain(entry.shown_by)}
                for entry in entries
            ],
            "notes": list(made.notes),
        }
        hand_over_json(data, indent=2)
        return 0
    out = output_console()
    for file in made.files:
        if file.suffix != ".svg":
            pages = (
                f" ({plural(made.pages, 'page')})" if made.pages and file.suffix == ".pdf" else ""
            )
            say(out, f"Report: {file}{pages}")
    done = (State.MET, State.TOLD)
    say(out, f"{sum(entry.state in done for entry in entries)} of {len(entries)} points are met.")
    for entry in entries:
        if entry.state not in done:
            shown = clean(plain(entry.shown_by))
            say(out, f"  {SIGNS[entry.state]} {clean(entry.text)} ({entry.state.value}): {shown}")
    for note in made.notes:
        say(error_console(), f"note: {clean(note)}")
    return 0
