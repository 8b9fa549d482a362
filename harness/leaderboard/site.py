"""All files of a leaderboard, as texts: a pure function of results and their reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from harness.leaderboard.board import Board, Model, Ranked
from harness.leaderboard.collect import Result
from harness.leaderboard.pages import names
from harness.leaderboard.pages.figures import Shown, shown
from harness.leaderboard.pages.index import Head, head, index_page
from harness.leaderboard.pages.models import model_page
from harness.leaderboard.pages.tasks import of_page, task_page
from harness.leaderboard.render import render
from harness.leaderboard.spread import spread
from harness.leaderboard.tables import as_csv, as_json
from harness.reporting.format import moment
from harness.reporting.html import is_closed

MANY = 100
"""Models from which on it pays to make their pages in several processes."""


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
    made: dict[str, Callable[[], str]] = {
        "leaderboard.csv": lambda: as_csv(board),
        "leaderboard.json": lambda: as_json(board),
        "index.html": lambda: render(
            "index.html.j2", index_page(board, heads, figures, places), "table.js"
        ),
    }
    for place, page in of_page(board).items():
        made[place] = partial(_task_page, board, page, figures)
    for model in board.models.values():
        made[names.model_page(model)] = partial(_model_page, board, model, heads, figures, places)
    made_texts = spread(_make, list(made.values()), len(board.models) >= MANY, parts=256)
    files = dict(zip(made, made_texts, strict=True))
    files.update(_suites(board))
    return files | {place: texts[digest] for digest, place in places.items()}


def _make(files: Sequence[Callable[[], str]]) -> list[str]:
    return [make() for make in files]


def _task_page(board: Board, page: list[Ranked], figures: Mapping[str, Mapping[str, Shown]]) -> str:
    return render("task.html.j2", task_page(board, page, figures))


def _model_page(
    board: Board,
    model: Model,
    heads: Mapping[str, Head],
    figures: Mapping[str, Mapping[str, Shown]],
    places: Mapping[str, str],
) -> str:
    return render("model.html.j2", model_page(board, model, heads, figures, places))


def report_of(result: Result, reports: Path | None) -> str:
    """The page of a run's report; "" where there is none, it tells of another run of the suite, or it
    could load something or run what is not its own."""
    if reports is None or not names.is_plain(result.suite):
        return ""
    file = reports / result.summary.place / "index.html"
    try:
        text = "" if file.is_symlink() else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
    told = moment(result.summary.created)
    return text if told and told in text and is_closed(text) else ""


def _suites(board: Board) -> Mapping[str, str]:
    found = {names.suite_file(one): str(one.summary.suite.get("text", "")) for one in board.results}
    return {place: text for place, text in found.items() if place}
