"""The subcommands of `harness cache`; heavy parts are imported late."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.options import Json, examples

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command("list", epilog=examples("cache list"))
def list_(json: Json = False) -> None:
    """List what is remembered of served models, what was made and paid, and what dead runs left."""
    from harness.cli.cache import list_kept

    raise typer.Exit(list_kept(json))


@app.command(epilog=examples("cache clean --dry-run", 'cache clean --answers "api.example.com/*"'))
def clean(
    answers: Annotated[
        str,
        typer.Option(
            metavar="GLOB",
            help="Forget remembered answers whose HOST/MODEL fits; a rerun pays for them again.",
        ),
    ] = "",
    idle: Annotated[
        float,
        typer.Option(metavar="DAYS", min=0, help="Free only what nothing has changed for so long."),
    ] = 1.0,
    checkpoints: Annotated[
        bool,
        typer.Option(
            "--checkpoints",
            help="Free checkpoints of interrupted fine-tunings, too; they begin anew then.",
        ),
    ] = False,
    fetched: Annotated[
        bool,
        typer.Option("--fetched", help="Free instead what can be fetched from a store again."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and delete nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Free what runs that died left behind, or forget answers of served models."""
    from harness.cli.cache import clean, clean_fetched, clean_scratch
    from harness.errors import InputError

    if fetched:
        if answers or checkpoints:
            raise InputError("--fetched goes without --answers and --checkpoints", "Give one.")
        raise typer.Exit(clean_fetched(dry_run, json))
    if not answers:
        raise typer.Exit(clean_scratch(idle, checkpoints, dry_run, json))
    if dry_run or checkpoints:
        raise InputError("--answers goes without --dry-run and --checkpoints", "Give one of them.")
    raise typer.Exit(clean(answers, json))
