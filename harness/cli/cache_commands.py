"""The subcommands of `harness cache`; heavy parts are imported late."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.options import Json, examples

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("list", epilog=examples("cache list"))
def list_(json: Json = False) -> None:
    """List what is remembered of served models, what was made, and what was paid."""
    from harness.cli.cache import list_kept

    raise typer.Exit(list_kept(json))


@app.command(epilog=examples('cache clean --answers "api.example.com/*"'))
def clean(
    answers: Annotated[
        str,
        typer.Option(
            metavar="GLOB",
            help="Remembered answers whose HOST/MODEL fits; a rerun pays for them again.",
        ),
    ],
    json: Json = False,
) -> None:
    """Forget answers of served models."""
    from harness.cli.cache import clean

    raise typer.Exit(clean(answers, json))
