"""`harness baseline`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Baselines, Json, ResultsOfSuite, examples

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command(epilog=examples("baseline save results/quickstart main"))
def save(
    results: ResultsOfSuite,
    name: Annotated[str, typer.Argument(help="What the baseline is called.")],
    baselines: Baselines = Path("baselines"),
    replace: Annotated[bool, typer.Option(help="Replace one of that name.")] = False,
    json: Json = False,
) -> None:
    """Save results to hold later ones against.

    `harness gate --baseline` and `harness compare --baseline` do.
    """
    from harness.cli.baseline import save

    raise typer.Exit(save(results, name, baselines, replace, json))
