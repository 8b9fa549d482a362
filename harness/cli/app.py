"""The commands and their options: one module a command, no logic, heavy parts imported late."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from harness.cli.baseline_commands import app as baseline_app
from harness.cli.cache_commands import app as cache_app
from harness.cli.data_commands import app as data_app
from harness.cli.model_commands import app as models_app
from harness.cli.options import (
    HELP,
    Address,
    Again,
    Baselines,
    DataDir,
    Jobs,
    Json,
    Limit,
    Nodes,
    OfShards,
    OnWhat,
    Outlive,
    Parts,
    ReportLink,
    Reports,
    Results,
    ResultsOfSuite,
    Samples,
    Store,
    Suite,
    examples,
)
from harness.cli.outputs import hand_over
from harness.cli.reading_commands import app as reading_app
from harness.cli.results_commands import app as results_app
from harness.cli.sharing_commands import app as sharing_app
from harness.cli.site_commands import app as site_app
from harness.cli.starting_commands import app as starting_app
from harness.cli.talking_commands import app as talking_app
from harness.version import __version__

app = typer.Typer(
    name="harness",
    help="Fine-tune, quantize, ask and compare local language models: one YAML file in, "
    "one report out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=HELP,
    epilog="Exit codes: 0 all well; 1 a cell or step failed; 2 the input was wrong and nothing "
    "ran; 3 a gate was not met; 130 interrupted.",
)


def _say_version(wanted: bool) -> None:
    if wanted:
        hand_over(f"harness {__version__}\n")
        raise typer.Exit


@app.callback()
def harness(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version."),
    ] = False,
) -> None:
    """Fine-tune, quantize, ask and compare local language models: one YAML file in, one report out."""


app.add_typer(baseline_app, name="baseline", help="Keep results to hold later ones against.")

app.add_typer(data_app, name="data", help="Data sets: list, fetch, check and show them.")
app.add_typer(models_app, name="models", help="A suite's models, as files for other programs.")
app.add_typer(cache_app, name="cache", help="What lies in $HARNESS_HOME: list it, forget answers.")
app.add_typer(results_app, name="results", help="Join results that shards of a suite made apart.")
app.add_typer(starting_app)
app.add_typer(reading_app)
app.add_typer(sharing_app)
app.add_typer(site_app)
app.add_typer(talking_app)


@app.command(
    epilog=examples(
        "run suites/quickstart.yaml",
        'run suite.yaml --limit 20 --only "lora*"',
        'run suite.yaml --again "lora/sentiment"',
        "run suite.yaml --shard 2/4",
    )
)
def run(
    suite: Suite,
    results: Results = Path("results"),
    reports: Reports = Path("reports"),
    limit: Limit = None,
    only: Annotated[
        str | None,
        typer.Option(help="Ask only cells whose model, task or model/task fits this pattern."),
    ] = None,
    again: Again = None,
    jobs: Jobs = 1,
    parts: Parts = None,
    fresh: Annotated[
        bool,
        typer.Option(
            "--fresh", help="Ask servers also what they were asked before, and pay again."
        ),
    ] = False,
    shard: OfShards = None,
    executor: OnWhat = "local",
    address: Address = None,
    outlive: Outlive = "30min",
    store: Store = None,
    data_dir: DataDir = None,
    samples: Samples = None,
    json: Json = False,
) -> None:
    """Make the models, ask them the tasks, write the report. Does only what is not done yet."""
    from harness.cli.executing import Where, store_at
    from harness.cli.run import run_suite
    from harness.runner.run import Options
    from harness.shards.part import shard_of

    wanted = Options(results, limit, only, again, jobs, data_dir=data_dir, store=store_at(store))
    of = shard_of(shard) if shard is not None else None
    where = Where(executor, address, outlive=outlive)
    options = replace(
        wanted, parts=parts, may_fetch=True, fresh=fresh, shard=of, far=not where.is_here
    )
    raise typer.Exit(run_suite(suite, options, reports, json, samples, where))


@app.command(
    epilog=examples(
        "plan suites/quickstart.yaml",
        "plan suite.yaml --fit lora",
        "plan suite.yaml --executor ray --nodes 4x16cpu,128GB,1gpu",
    )
)
def plan(
    suite: Suite,
    results: Results = Path("results"),
    limit: Limit = None,
    only: Annotated[str | None, typer.Option(help="As for `run`.")] = None,
    jobs: Jobs = 1,
    parts: Parts = None,
    shard: OfShards = None,
    data_dir: DataDir = None,
    fit: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="Show only what this model needs, part by part."),
    ] = None,
    probe: Annotated[
        bool,
        typer.Option(help="Time this machine for a second, once, so that hours can be told."),
    ] = True,
    executor: OnWhat = "local",
    address: Address = None,
    nodes: Nodes = None,
    json: Json = False,
) -> None:
    """Show what a suite does, whether it fits, how long it takes."""
    from harness.cli.executing import Where
    from harness.cli.plan import Asked, show_plan
    from harness.runner.run import Options
    from harness.shards.part import shard_of

    of = shard_of(shard) if shard is not None else None
    options = Options(
        results, limit, only, jobs=jobs, parts=parts, data_dir=data_dir, provisional=True, shard=of
    )
    where = Where(executor, address, tuple(nodes or ()))
    raise typer.Exit(show_plan(suite, options, Asked(fit, probe, where), json))


@app.command(
    epilog=examples("show suite.yaml base sentiment", "show results/quickstart lora sentiment 12")
)
def show(
    where: Annotated[
        Path,
        typer.Argument(
            metavar="SUITE|RESULTS", help="A suite, results/<suite>, or a cell's folder in one."
        ),
    ],
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL TASK [EXAMPLE]",
            help="Of a cell's folder only the example: its id, or its number. Default: the first.",
        ),
    ] = None,
    results: Results = Path("results"),
    limit: Limit = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Show what a model is sent for an example, and its answer."""
    from harness.cli.show import show
    from harness.runner.run import Options

    options = Options(results, limit, data_dir=data_dir)
    raise typer.Exit(show(where, words or [], options, json))


@app.command(
    epilog=examples(
        "report results/quickstart",
        "report results/quickstart --samples none",
        "report results/homework --template assignment",
    )
)
def report(
    results: ResultsOfSuite,
    reports: Reports = Path("reports"),
    samples: Samples = None,
    template: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FOLDER",
            help="Write the report of a course assignment instead: `assignment`, or your own template.",
        ),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print a comment for a pull request instead.")
    ] = False,
    link: ReportLink = "",
    json: Json = False,
) -> None:
    """Write the report of results that are there."""
    if template is not None:
        from harness.cli.assignment import report_assignment

        if markdown or link or samples:
            raise typer.BadParameter(
                "it goes with no --markdown, --link or --samples", param_hint="--template"
            )
        raise typer.Exit(report_assignment(results, reports, template, json))
    from harness.cli.report import print_comment, report_results

    if markdown:
        raise typer.Exit(print_comment(results, reports, link, samples))
    raise typer.Exit(report_results(results, reports, samples, json))


@app.command(
    epilog=examples(
        "compare results/quickstart base lora", "compare results/old results/new --task sentiment"
    )
)
def compare(
    results: ResultsOfSuite,
    others: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="BASELINE CANDIDATE | RESULTS",
            help="Two models of these results; or other results, whose models are held against "
            "these; or, with --baseline, one model or none.",
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            help="A saved baseline, by name or as a folder, that models are held against."
        ),
    ] = None,
    baselines: Baselines = Path("baselines"),
    model: Annotated[str | None, typer.Option(help="Of two results, only this model.")] = None,
    task: Annotated[str | None, typer.Option(help="Only this task.")] = None,
    metric: Annotated[str | None, typer.Option(help="Only this metric.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show every metric.")] = False,
    examples: Annotated[int, typer.Option(min=0, help="Changed answers shown of each task.")] = 5,
    confidence: Annotated[float, typer.Option(help="Of the intervals.")] = 0.95,
    prompts: Annotated[
        Literal["same", "any"],
        typer.Option(help="any: compare answers to different prompts, too."),
    ] = "same",
    json: Json = False,
) -> None:
    """Show what differs between two models or two results.

    Or between a model and its saved baseline.
    """
    from harness.cli.compare import compare
    from harness.results.comparing import Wanted

    any_prompts = prompts == "any"
    wanted = Wanted(
        model, baseline, baselines, task, metric, every or json, confidence, any_prompts
    )
    raise typer.Exit(compare(results, others or [], wanted, examples, json))
