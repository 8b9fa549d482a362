"""`harness results`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Json, examples, folder_of

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def results() -> None:
    """Results that were made apart."""


@app.command(
    epilog=examples(
        "results merge results/quickstart@shard-*",
        "results merge one/results/x@shard-1-of-2 two/results/x@shard-2-of-2 --into results/x",
    )
)
def merge(
    folders: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER…", help="results/<suite>@shard-I-of-N of each shard."),
    ],
    into: Annotated[
        Path | None,
        typer.Option(
            callback=lambda value: value and folder_of("--into")(value),
            help="The results folder that they become. Default: results/<suite>, beside the first.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Join the results of a suite's shards (`run --shard`), and compare and judge across them.

    Exit code 1 where cells are missing or failed.
    """
    from harness.cli.merge import merge_shards

    raise typer.Exit(merge_shards(folders, into, json))
