"""The commands that open pages to talk to models on; heavy parts are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import Results, ResultsOfSuite, examples

app = typer.Typer(rich_markup_mode=None)

Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Default: 7860, or another one that is free."),
]
Host = Annotated[
    str | None,
    typer.Option(
        help="Serve others, too, at this address of the machine (0.0.0.0: all); the page then wants a "
        "token. Default: this machine alone."
    ),
]

OpenPage = Annotated[bool, typer.Option("--open/--no-open", help="Open the page in a browser.")]


@app.command(
    epilog=examples(
        "chat suites/quickstart.yaml",
        "chat starter",
        "chat ./model-q4.gguf --port 8000",
    )
)
def chat(
    what: Annotated[
        str,
        typer.Argument(
            metavar="SUITE_OR_MODEL",
            help="A suite, a GGUF file, a folder with a model, a Hub id, or `starter`.",
        ),
    ],
    results: Results = Path("results"),
    port: Port = None,
    host: Host = None,
    open_page: OpenPage = True,
) -> None:
    """Talk to models in a browser, also side by side."""
    from harness.cli.chat import Serving, open_chat

    raise typer.Exit(open_chat(what, results, Serving(host, port, open_page)))


@app.command(
    epilog=examples("demo results/quickstart", "demo results/mine --suite mine.yaml --no-open")
)
def demo(
    results: ResultsOfSuite,
    suite: Annotated[
        Path | None,
        typer.Option(help="The suite that made them. Default: where their command names it."),
    ] = None,
    port: Port = None,
    host: Host = None,
    open_page: OpenPage = True,
) -> None:
    """Show what changed, example by example, in a browser."""
    from harness.cli.chat import Serving, open_demo

    raise typer.Exit(open_demo(results, suite, Serving(host, port, open_page)))
