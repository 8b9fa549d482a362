"""The commands on a suite's models; heavy parts are imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import DataDir, Json, Results, Suite, examples

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command(
    epilog=examples(
        "models export suites/quickstart.yaml lora",
        "models export suite.yaml lora --gguf Q4_K_M --gguf Q8_0 --out ./lora",
    )
)
def export(
    suite: Suite,
    model: Annotated[str, typer.Argument(help="A model of the suite.")],
    out: Annotated[
        Path | None, typer.Option(help="A folder. Default: exports/<suite>/<model>.")
    ] = None,
    gguf: Annotated[
        list[str] | None,
        typer.Option(
            help="A type of GGUF, once or more often. Default: those that the suite makes of the model, else F16 and "
            "Q4_K_M.",
            metavar="TYPE",
        ),
    ] = None,
    results: Results = Path("results"),
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Write a model for other programs: adapter, weights, GGUFs, a LoRA for llama.cpp, Modelfiles, a card."""
    from harness.cli.models import export_model

    raise typer.Exit(export_model(suite, model, out, gguf or [], results, data_dir, json))
