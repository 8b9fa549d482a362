"""The subcommands of `harness data`; heavy parts are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import DataDir, Json, examples

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="A data set, as `harness data list` names it.")]
Agreement = Annotated[
    str | None, typer.Option(help="Of financial_phrasebank: all, 75, 66 or 50. Default: all.")
]


def _options(agreement: str | None) -> dict[str, object]:
    return {} if agreement is None else {"agreement": agreement}


@app.command("list", epilog=examples("data list"))
def list_(data_dir: DataDir = None, json: Json = False) -> None:
    """List the data sets that a suite can name, and where they lie."""
    from harness.cli.data import say_list
    from harness.data.inventory import list_data

    raise typer.Exit(say_list(list_data(data_dir), json))


@app.command(epilog=examples("data get samsum"))
def get(
    name: Name,
    agreement: Agreement = None,
    again: Annotated[bool, typer.Option(help="Fetch it even if it is there.")] = False,
    json: Json = False,
) -> None:
    """Fetch a data set from the Hub into $HARNESS_HOME/data, and check it."""
    from harness.cli.data import say_reading
    from harness.data.inventory import get_data

    raise typer.Exit(say_reading(get_data(name, _options(agreement), again=again), json))


@app.command(epilog=examples("data check samsum", "data check suite.yaml"))
def check(
    name: Annotated[str, typer.Argument(help="A data set by name, or a suite file.")],
    data_dir: DataDir = None,
    agreement: Agreement = None,
    json: Json = False,
) -> None:
    """Read a data set, or all data of a suite; say what was found, left out, and looks wrong.

    Exit code 1 where a data set is not as published, or something looks wrong; 2 where data cannot be
    read, or a part is too small for what the suite does with it.
    """
    from harness.cli.data import say_reading, say_suite
    from harness.data.loading import load

    if name.endswith((".yaml", ".yml")):
        from harness.runner.run import Options, prepare

        suite = prepare(Path(name), Options(data_dir=data_dir, provisional=True))
        raise typer.Exit(say_suite(suite.plan, suite.to_fetch, json))
    found = load(name, data_dir, _options(agreement), may_fetch=False)
    raise typer.Exit(say_reading(found.reading, json))


@app.command(epilog=examples("data show phrasebank-sample -n 5"))
def show(
    name: Name,
    data_dir: DataDir = None,
    agreement: Agreement = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    count: Annotated[int, typer.Option("-n", "--count", min=1, help="Examples shown.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Of the draw, as in a suite.")] = 0,
    json: Json = False,
) -> None:
    """Show some examples, with licence and citation."""
    from harness.cli.data import say_examples
    from harness.data.inventory import show_data

    shown = show_data(name, data_dir, _options(agreement), split, count, seed)
    raise typer.Exit(say_examples(shown, json))
