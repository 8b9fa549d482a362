"""A leaderboard for others: a static Space on the Hub, or a folder that GitHub Pages serves.

The site is the one that `harness leaderboard` writes, of summaries that are cleaned of this machine. Reports
are left out: they are pages of their own that tell of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from huggingface_hub import SpaceCardData

from harness.leaderboard.board import build
from harness.leaderboard.collect import Result
from harness.leaderboard.site import site
from harness.publish.cleaned import Machine, cleaned
from harness.publish.judged import refusals, warnings
from harness.publish.publication import MARK, Publication
from harness.publish.quotable import quotable
from harness.quantities import plural
from harness.reporting.format import sentence
from harness.reporting.markdown import escape

TITLE = "Leaderboard"


def space(results: Sequence[Result], machine: Machine) -> Publication:
    """The files of a static Space."""
    head = SpaceCardData(title=TITLE, sdk="static", app_file="index.html", pinned=False)
    made = _board(results, machine)
    readme = f"---\n{head.to_yaml()}\n---\n\n{_about(made)}"
    files = {"README.md": readme.encode(), **made.files}
    return replace(made, kind="space", repo_type="space", files=files)


def pages(results: Sequence[Result], machine: Machine) -> Publication:
    """The files of a folder that GitHub Pages serves as they are."""
    made = _board(results, machine)
    files = {".nojekyll": b"", "README.md": _about(made).encode(), **made.files}
    return replace(made, files=files)


def _board(results: Sequence[Result], machine: Machine) -> Publication:
    clean = [replace(one, summary=quotable(cleaned(one.summary, machine))) for one in results]
    files = {place: text.encode() for place, text in site(build(clean)).items()}
    against = [
        f"{one.suite}: {said}"
        for one in clean
        for said in refusals(one.summary, one.summary.models)
    ]
    told = [
        f"{one.suite}: {said}"
        for one in clean
        for said in warnings(one.summary, one.summary.models)
    ]
    return Publication("pages", None, files, tuple(against), tuple(told), is_site=True)


def _about(made: Publication) -> str:
    said = [f"> ⚠ {escape(sentence(one))}" for one in (*made.refusals, *made.warnings)]
    count = plural(sum(path.endswith(".html") for path in made.files), "page")
    return "\n\n".join(
        [MARK, f"# {TITLE}", f"Models and what was measured of them: {count}.", *said, ""]
    )
