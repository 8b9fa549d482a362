"""`harness leaderboard`: one static site of many results."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from pathlib import Path

from harness.cli.consoles import error_console, output_console, say
from harness.cli.outputs import hand_over_json
from harness.leaderboard.board import build
from harness.leaderboard.collect import collect
from harness.leaderboard.site import site
from harness.leaderboard.write import write_site
from harness.quantities import plural


def write_leaderboard(
    results: Sequence[Path], out: Path, reports: Path, overwrite: bool, as_json: bool
) -> int:
    """Writes the site, and says what it holds. Returns the exit code."""
    gc.freeze()
    gc.disable()  # millions of small objects live until the end: looking for rubbish costs a third
    try:
        found = collect(results)
        board = build(found.results)
        written = write_site(site(board, reports), out, overwrite)
    finally:
        gc.enable()
    for file, reason in found.unread:
        say(error_console(), f"Not read: {file}: {reason}")
    for place in written.kept:
        say(error_console(), f"Left as it is, since it was changed: {out / place}")
    page = out / "index.html"
    if as_json:
        told = {
            "page": str(page),
            "runs": len(board.results),
            "models": len(board.models),
            "groups": len(board.groups),
            "changed": list(written.changed),
            "removed": list(written.removed),
            "unread": [str(file) for file, _ in found.unread],
        }
        hand_over_json(told)
        return 0
    console = output_console()
    say(
        console,
        f"{plural(len(board.models), 'model')} of {plural(len(board.results), 'run')}, in "
        f"{plural(len(board.groups), 'group')} that were asked alike.",
    )
    changes = [
        f"{len(of)} {word}"
        for of, word in ((written.changed, "written"), (written.removed, "removed"))
        if of
    ]
    say(console, f"Leaderboard: {page} ({', '.join(changes) or 'nothing has changed'})")
    return 0
