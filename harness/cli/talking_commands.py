"""The commands that open pages to talk to models on; heavy parts are imported late."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.options import examples

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
    port: Port = None,
    host: Host = None,
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in a browser.")
    ] = True,
) -> None:
    """Talk to models, in a browser."""
    from harness.cli.chat import open_chat

    raise typer.Exit(open_chat(what, host, port, open_page))
