"""The command that makes a site of many results, and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Json, Reports, examples

app = typer.Typer(rich_markup_mode=None)


@app.command(
    epilog=examples(
        "leaderboard results --out site",
        "leaderboard results/quickstart baselines/main other/summary.json --out site",
    )
)
def leaderboard(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULTS...", help="results/<suite>, summary.json files, or folders of many."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the site.")],
    reports: Reports = Path("reports"),
    overwrite: Annotated[
        bool,
        typer.Option(help="Replace files in the folder that someone else wrote or changed."),
    ] = False,
    json: Json = False,
) -> None:
    """Write a static site that ranks the models of many results.

    Only what was asked alike is ranked together; models that are not shown to differ share a rank.
    """
    from harness.cli.leaderboard import write_leaderboard

    raise typer.Exit(write_leaderboard(results, out, reports, overwrite, json))
