"""Commands for the first minutes: a suite to begin with, its format, and what this machine has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Json, examples

app = typer.Typer(rich_markup_mode=None)


@app.command(
    epilog=examples(
        "init",
        "init mine.yaml --model ./my-model",
        "init homework.yaml --template assignment-2 --model starter",
    )
)
def init(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="The file to write; with --template also a folder, for all files of the template.",
            show_default="suite.yaml",
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Yours: a folder, a GGUF file, or ORG/NAME on the Hub.", metavar="MODEL"),
    ] = None,
    template: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="The suite of a course assignment: assignment-1, assignment-2, or your own.",
        ),
    ] = None,
) -> None:
    """Write a commented suite to start from."""
    from harness.cli.init import write_suite

    raise typer.Exit(write_suite(file, model, template))


@app.command(epilog=examples("schema > suite.schema.json"))
def schema() -> None:
    """Print the JSON Schema of suite files, for editors."""
    from harness.cli.outputs import hand_over_json
    from harness.suite.schema import json_schema

    hand_over_json(json_schema(), indent=2)


@app.command(epilog=examples("doctor", "doctor --json"))
def doctor(json: Json = False) -> None:
    """Say what this machine has and lacks, and how to get it."""
    from harness.cli.doctor import examine

    raise typer.Exit(examine(json))
