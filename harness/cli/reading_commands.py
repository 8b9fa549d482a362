"""The commands that judge results and show them, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import (
    Baselines,
    Json,
    ReportLink,
    Reports,
    ResultsOfSuite,
    examples,
)

app = typer.Typer(rich_markup_mode=None)


@app.command(
    epilog=examples(
        "gate results/quickstart --junit gates.xml", "gate results/quickstart --baseline main"
    )
)
def gate(
    results: ResultsOfSuite,
    baseline: Annotated[
        str | None,
        typer.Option(help="A saved baseline, by name or as a folder, to hold the results against."),
    ] = None,
    baselines: Baselines = Path("baselines"),
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML to this file.")] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Write a comment for a pull request to this file.")
    ] = None,
    link: ReportLink = "",
    reports: Reports = Path("reports"),
    json: Json = False,
) -> None:
    """Judge the suite's gates on results.

    Exit code 3 where one is not met.
    """
    from harness.cli.gate import Told, gate_results
    from harness.results.gating import judge_results

    judged = judge_results(results, baseline, baselines)
    told = Told(results, reports, link, baseline or "")
    raise typer.Exit(gate_results(judged, junit, markdown, told, json))


@app.command(epilog=examples("view", "view results/quickstart", "view --no-open"))
def view(
    results: Annotated[
        Path | None,
        typer.Argument(
            metavar="[RESULTS]",
            help="results/<suite>, or its summary.json. Default: the newest results.",
        ),
    ] = None,
    all_results: Annotated[Path, typer.Option("--results", help="Folder of all results.")] = Path(
        "results"
    ),
    reports: Reports = Path("reports"),
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page, or only say where it is.")
    ] = True,
) -> None:
    """Open the report in a browser.

    It is written first where it is missing or older than the results.
    """
    from harness.cli.view import view_report

    raise typer.Exit(view_report(results, all_results, reports, open_page))
