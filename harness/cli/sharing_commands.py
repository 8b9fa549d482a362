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

KindName = Literal["model-card", "eval-results", "dataset", "space", "pages"]


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


@app.command(
    epilog=examples(
        "publish results/quickstart --to ./card --as model-card --model lora-q4",
        "publish results/quickstart --to me/quickstart-results --as dataset --dry-run",
        "publish results --to ./docs --as pages",
    )
)
def publish(
    results: ResultsOfSuite,
    to: Annotated[
        str, typer.Option(help="A repo on the Hub, or a folder.", metavar="ORG/NAME|FOLDER")
    ],
    kind: Annotated[KindName, typer.Option("--as", help="What is made of the results.")],
    model: Annotated[
        str | None,
        typer.Option(help="Of a card and of eval-results: which model.", metavar="NAME"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which files there would be.")
    ] = False,
    show: Annotated[
        str | None, typer.Option(metavar="FILE", help="Only print one of these files.")
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Make a new repo private.")] = False,
    pull_request: Annotated[
        bool, typer.Option("--pull-request", help="Propose the files to a repo that is there.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that somebody else wrote.")
    ] = False,
    anyway: Annotated[
        bool,
        typer.Option("--anyway", help="Publish results that failed, in part; the files say so."),
    ] = False,
    source: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Of eval-results: where the results can be looked at."),
    ] = None,
    json: Json = False,
) -> None:
    """Publish results: a model card, a data set, a leaderboard.

    Of a leaderboard, RESULTS may be a folder of many.
    """
    from harness.cli.publish import Wish
    from harness.cli.publish import publish as put

    wish = Wish(to, kind, model, source, dry_run, show, private, pull_request, overwrite, anyway)
    raise typer.Exit(put(results, wish, json))
