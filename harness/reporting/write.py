"""A report's files: written whole or not at all, and the same for the same summary."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.files import (
    check_inside,
    sweep_abandoned,
    sweep_beside,
    write_atomically,
    write_together,
)
from harness.records import Answered, Summary
from harness.records.licences import Amount
from harness.reporting.browser.chosen import quoted
from harness.reporting.contents import charts
from harness.reporting.html import html
from harness.reporting.markdown import markdown
from harness.reporting.sections import document
from harness.reporting.short import short_document


def write_report(
    summary: Summary,
    out: Path,
    answered: Answered | None = None,
    samples: Amount | None = None,
) -> list[Path]:
    """Write `report.md`, which is short, every chart as `charts/*.svg`, and `index.html` into `out`.

    A pure function of summary and samples: no clock, no environment, no other file. Charts of an
    earlier report that this one does not have are removed.

    Args:
        summary: of the results.
        out: the report's folder.
        answered: the samples that the summary was made from; without them the page has no browser.
        samples: how much of them is put in; default: what each data set's licence allows.

    Raises:
        InputError: the folder, or that of its charts, is a link that leads elsewhere.

    Returns:
        The files, the Markdown first and the HTML page second.
    """
    check_inside(out, out.parent)
    check_inside(out / "charts", out)
    shown = quoted(summary, samples)
    made = document(shown, answered, samples)
    short = short_document(shown)
    report, page = out / "report.md", out / "index.html"
    files = {report: markdown(short)}
    for section in (*made.sections, *short.sections):  # links of the page lead nowhere from a file
        for chart in charts(section.blocks):
            files[out / "charts" / f"{chart.file}.svg"] = on_white(chart.svg)
    sweep_beside([page])
    put_files(files, out / "charts")
    write_atomically(page, html(made))  # last: where it is there, so is all else
    return [report, page, *(file for file in files if file != report)]


def put_files(files: Mapping[Path, str], charts: Path) -> None:
    """Writes the texts of files, all or none, among them all charts that are to stand in their folder.

    Charts of an earlier report go, and so does what a process was writing there, or in these files' places, when it died.
    """
    sweep_beside(files)
    sweep_abandoned(charts)
    write_together(files)
    for stale in set(charts.glob("*.svg")) - set(files):
        stale.unlink()


def on_white(svg: str) -> str:
    """The chart with a background of its own: an image does not know the page's colours."""
    opening, rest = svg.split(">", 1)
    return f'{opening}><rect width="100%" height="100%" fill="#ffffff"/>{rest}'
