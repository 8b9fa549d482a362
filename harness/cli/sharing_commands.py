"""The commands that hand results on; heavy parts are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from harness.cli.options import Json, ResultsOfSuite, examples

app = typer.Typer(rich_markup_mode=None)

FormatName = Literal[
    "csv", "parquet", "jsonl", "lm-eval", "every-eval-ever", "pytest-benchmark", "mlflow", "wandb"
]


@app.command(
    epilog=examples(
        "export results/quickstart --to csv --samples",
        "export results/quickstart --to lm-eval --out lm-eval",
    )
)
def export(
    results: ResultsOfSuite,
    to: Annotated[FormatName, typer.Option(help="The format.")],
    out: Annotated[
        Path | None,
        typer.Option(help="A folder, or the file where it is one. Default: exports/<suite>."),
    ] = None,
    samples: Annotated[bool, typer.Option("--samples", help="Write every answer, too.")] = False,
    organization: Annotated[
        str, typer.Option(help="Who ran this, for every-eval-ever.", metavar="NAME")
    ] = "unknown",
    json: Json = False,
) -> None:
    """Write results in the format of another program."""
    from harness.cli.export import export_results

    raise typer.Exit(export_results(results, to, out, samples, organization, json))
