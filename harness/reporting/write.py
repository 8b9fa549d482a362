"""A report's files: written whole or not at all, and the same for the same summary."""

from __future__ import annotations

from pathlib import Path

from harness.files import write_atomically
from harness.records import Summary
from harness.reporting.blocks import charts
from harness.reporting.html import html
from harness.reporting.markdown import markdown
from harness.reporting.sections import document


def write_report(summary: Summary, out: Path) -> list[Path]:
    """Write `report.md`, its `charts/*.svg`, and `index.html` into `out`.

    A pure function of the summary: no clock, no environment, no other file. Charts of an earlier
    report that this one does not have are removed.

    Returns:
        The files, the Markdown first and the HTML page second.
    """
    made = document(summary)
    files = {out / "report.md": markdown(made), out / "index.html": html(made)}
    for section in made.sections:
        for chart in charts(section.blocks):
            files[out / "charts" / f"{chart.file}.svg"] = on_white(chart.svg)
    for path, text in files.items():
        write_atomically(path, text)
    for stale in set((out / "charts").glob("*.svg")) - set(files):
        stale.unlink()
    return list(files)


def on_white(svg: str) -> str:
    """The chart with a background of its own: an image does not know the page's colours."""
    opening, rest = svg.split(">", 1)
    return f'{opening}><rect width="100%" height="100%" fill="#ffffff"/>{rest}'
