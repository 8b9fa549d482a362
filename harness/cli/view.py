"""`harness view`: the report of results, in a browser."""

from __future__ import annotations

import os
import sys
import webbrowser
from collections.abc import Mapping
from pathlib import Path

from harness.cli.consoles import output_console, say
from harness.cli.outputs import hand_over
from harness.cli.report import write_pages
from harness.errors import InputError
from harness.results.baselines import results_folder
from harness.results.store import read_summary
from harness.results.votes import VOTES


def view_report(results: Path | None, all_results: Path, reports: Path, open_page: bool) -> int:
    """Opens the page, and writes it first where it is not there or older than its results.

    Args:
        results: results/<suite>, or its summary; None for the newest.
        all_results: where the newest are looked for.
        reports: the folder of all reports.
        open_page: whether a browser is to be opened; else the page's path alone is printed.

    Returns:
        The exit code.

    Raises:
        InputError: there are no results.
    """
    results = newest(all_results) if results is None else results
    page = up_to_date(results, reports)
    if not open_page:
        hand_over(f"{page}\n")
        return 0
    out = output_console()
    hindrance = no_display(sys.platform, os.environ)
    if hindrance:
        say(out, f"{hindrance}: the report is not opened here, it is {page.absolute()}")
    elif not webbrowser.open(page.absolute().as_uri()):
        say(out, f"No browser was found: the report is {page.absolute()}")
    else:
        say(out, f"Report: {page}")
    return 0


def newest(all_results: Path) -> Path:
    """The results that were written last.

    Raises:
        InputError: there are none.
    """
    found = list(all_results.glob("*/summary.json"))
    if not found:
        raise InputError(
            f"{all_results}: there are no results here",
            "`harness run SUITE` makes some; --results names another folder of results.",
        )
    return max(found, key=lambda file: file.stat().st_mtime_ns).parent


def up_to_date(results: Path, reports: Path) -> Path:
    """The page of these results, written anew where they are newer."""
    summary = read_summary(results)
    page = reports / summary.place / "index.html"
    file = results_folder(results) / "summary.json" if results.is_dir() else results
    written = max(one.stat().st_mtime_ns for one in (file, file.parent / VOTES) if one.is_file())
    if not page.is_file() or page.stat().st_mtime_ns < written:
        write_pages(results, summary, reports)
    return page


def no_display(platform: str, environment: Mapping[str, str]) -> str:
    """Why no browser would show a page to whoever asks; "" where one would.

    A browser that the user names (`BROWSER`) is taken anyway.
    """
    if environment.get("BROWSER"):
        return ""
    if environment.get("CI"):
        return "In continuous integration"
    if environment.get("SSH_CONNECTION") and not environment.get("DISPLAY"):
        return "On another machine than yours (ssh)"
    shows = platform in ("win32", "cygwin", "darwin")
    if not shows and not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        return "Without a display"
    return ""
