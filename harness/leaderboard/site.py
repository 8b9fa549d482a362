"""All files of a leaderboard, as texts: a pure function of results and their reports."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.leaderboard.board import Board
from harness.leaderboard.collect import Result
from harness.leaderboard.pages import names
from harness.leaderboard.pages.figures import shown
from harness.leaderboard.pages.index import head, index_page
from harness.leaderboard.pages.models import model_page
from harness.leaderboard.pages.tasks import of_page, task_page
from harness.leaderboard.render import render
from harness.leaderboard.tables import as_csv, as_json
from harness.reporting.format import moment


def site(board: Board, reports: Path | None = None) -> dict[str, str]:
    """Every file by its place in the site.

    Args:
        board: what it shows.
        reports: the folder of reports, by suite; those that are of these very runs are taken along.
    """
    texts = {one.digest: text for one in board.results if (text := report_of(one, reports))}
    places = {one.digest: names.report_file(one) for one in board.results if one.digest in texts}
    figures = {of.group.id: shown(of) for of in board.groups}
    heads = {of.group.id: head(board, of) for of in board.groups}
    first = index_page(board, heads, figures, places)
    files = {"index.html": render("index.html.j2", first, "table.js")}
    for place, page in of_page(board).items():
        files[place] = render("task.html.j2", task_page(board, page, figures))
    for model in board.models.values():
        context = model_page(board, model, heads, figures, places)
        files[names.model_page(model)] = render("model.html.j2", context)
    files |= _suites(board)
    files |= {place: texts[digest] for digest, place in places.items()}
    return files | {"leaderboard.json": as_json(board), "leaderboard.csv": as_csv(board)}


def report_of(result: Result, reports: Path | None) -> str:
    """The page of a run's report; "" where there is none, or it tells of another run of the suite."""
    if reports is None or not names.is_plain(result.suite):
        return ""
    file = reports / result.summary.place / "index.html"
    try:
        text = "" if file.is_symlink() else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    told = moment(result.summary.created)
    return text if told and told in text else ""


def _suites(board: Board) -> Mapping[str, str]:
    found = {names.suite_file(one): str(one.summary.suite.get("text", "")) for one in board.results}
    return {place: text for place, text in found.items() if place}
