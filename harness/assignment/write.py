"""An assignment's files, written anew without losing a word of their author's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.assignment.checklist import Checklist
from harness.assignment.printing import find_browser, pages_of, print_page
from harness.assignment.report import make_report
from harness.assignment.source import Source
from harness.assignment.templates import Template
from harness.assignment.writing import Page, as_markdown
from harness.assignment.yours import read, stamped
from harness.errors import InputError
from harness.files import check_inside, is_file_name, write_atomically
from harness.records import Summary
from harness.reporting.contents import charts
from harness.reporting.write import on_white, put_files
from harness.results.store import ResultsStore

MOST_PAGES = 4
STEM = "assignment"
BY_HAND = "Open the page in a browser and print it into a file (Ctrl+P), A4, without headers."


@dataclass(frozen=True)
class Outcome:
    """What was written, and what its author has to know of it."""

    files: tuple[Path, ...]
    checklist: Checklist
    pages: int | None
    notes: tuple[str, ...]


def write_assignment(summary: Summary, results: Path, template: Template, reports: Path) -> Outcome:
    """Writes `assignment.md`, its charts, `assignment.html`, and a PDF where a browser is there.

    Args:
        summary: of the results.
        results: their folder, where the answers stand.
        template: what the report says, and what it is judged by.
        reports: the folder of all reports.

    Raises:
        InputError: the template has a mistake, the author's words cannot be read back, or a link leads out
            of the folder: then nothing is written.
    """
    if not is_file_name(summary.place):
        raise InputError(
            f"the summary's suite is called {summary.place!r}, which can name no folder"
        )
    out = reports / summary.place / STEM
    file = out / f"{STEM}.md"
    check_inside(out, reports)
    for place in (file, out / "charts"):
        check_inside(place, out)
    before = read(file)
    made = make_report(Source(summary, ResultsStore(results)), template, before.words)
    notes = [_kept_aside(file)] if before.edited else []
    page = Page(made, out)
    files = {file: stamped(as_markdown(made)), out / f"{STEM}.html": page.html()}
    for chart in charts(tuple(made.blocks)):
        files[out / "charts" / f"{chart.file}.svg"] = on_white(chart.svg)
    put_files(files, out / "charts")
    notes += [f"Not in the page: {said}." for said in page.left_out]
    written, pages, said = _printed(out / f"{STEM}.html", out / f"{STEM}.pdf")
    return Outcome((*files, *written), made.checklist, pages, (*notes, *said))


def _kept_aside(file: Path) -> str:
    """Keeps a file that was changed outside of its places, under a name that is free."""
    number = 1
    while (kept := file.with_name(f"{file.stem}.edited-{number}.md")).exists():
        number += 1
    write_atomically(kept, file.read_text(encoding="utf-8-sig"))
    return (
        f"{file} was changed outside of the places for your words, and is made anew there; as it was, "
        f"it is kept as {kept}."
    )


def _printed(page: Path, pdf: Path) -> tuple[list[Path], int | None, list[str]]:
    """The PDF, how many pages it has, and what to know of it; an older one is not left behind."""
    browser = find_browser()
    why = "no browser (chromium, chrome, edge) was found" if browser is None else ""
    why = why or (print_page(browser, page, pdf) if browser else "")
    if why:
        pdf.unlink(missing_ok=True)
        return [], None, [f"No PDF: {why}. {BY_HAND}"]
    pages = pages_of(pdf)
    long = pages is not None and pages > MOST_PAGES
    said = (
        f"The PDF has {pages} pages, more than {MOST_PAGES}: shorten your words, or the template."
    )
    return [pdf], pages, [said] * long
