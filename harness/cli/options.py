"""Arguments and options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import typer

from harness.errors import InputError
from harness.files import in_the_way

HELP = {"help_option_names": ["-h", "--help"]}
"""What asks every command for its help."""


def examples(*lines: str) -> str:
    """What stands below the help of a command, a line each."""
    return "\b\nExamples:\n" + "\n".join(f"  harness {line}" for line in lines)


Given = TypeVar("Given", Path, Path | None)


def folder_of(option: str) -> Callable[[Given], Given]:
    """What checks the folder that an option names: it need not be there, but nothing else may.

    Raises:
        InputError: it is a file, or below one.
    """

    def check(value: Given) -> Given:
        file = None if value is None else in_the_way(value)
        if file is not None:
            raise InputError(f"{option} {value}: {file} is no folder", "Name a folder.")
        return value

    return check


Suite = Annotated[Path, typer.Argument(metavar="SUITE", help="The suite's YAML file.")]
Results = Annotated[
    Path, typer.Option(callback=folder_of("--results"), help="Folder of all results.")
]
Reports = Annotated[
    Path, typer.Option(callback=folder_of("--reports"), help="Folder of all reports.")
]
Limit = Annotated[
    int | None, typer.Option(min=1, help="Examples per task, in place of the suite's limits.")
]
Again = Annotated[
    str | None,
    typer.Option(
        metavar="GLOB",
        help="Ask these cells anew (model, task or model/task), or do these steps anew (as `plan` "
        "calls them); what is there stays until the new is.",
    ),
]
Jobs = Annotated[int, typer.Option(min=1, help="Worker processes at the same time.")]
Parts = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Workers that ask one cell side by side; 1: never more. Default: as many as make the run "
        "shorter, by the plan's estimates (docs/scaling.md).",
    ),
]
OfShards = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Only the I-th of N parts of the suite, with results of its own, for `results merge` "
        "(docs/scaling.md).",
    ),
]
Baselines = Annotated[
    Path, typer.Option(callback=folder_of("--baselines"), help="Folder of all baselines.")
]
ResultsOfSuite = Annotated[
    Path, typer.Argument(metavar="RESULTS", help="results/<suite>, or its summary.json.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        callback=folder_of("--data-dir"),
        help="Folder of data sets; then none is downloaded. Default: $HARNESS_DATA.",
    ),
]
Samples = Annotated[
    Literal["all", "changed", "none"] | None,
    typer.Option(
        help="Answers in the page: every one, those that models answered differently, or none. "
        "Default: what each data set's licence allows."
    ),
]
OnWhat = Annotated[
    Literal["local", "ray"],
    typer.Option(
        "--executor", help="What runs the steps: this machine, or a Ray cluster (docs/scaling.md)."
    ),
]
Address = Annotated[
    str | None,
    typer.Option(
        help="Of the Ray cluster, such as 10.0.0.1:6379 or auto. Default: one on this machine."
    ),
]
Outlive = Annotated[
    str,
    typer.Option(
        metavar="TIME",
        help="With --address: how long jobs on the cluster go on when this command is gone, such as 90s, "
        "30min, 2h; 0: not at all. The same command takes them over. Ctrl-C ends them.",
    ),
]
Nodes = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NODES",
        help="With --executor ray, nodes of a cluster that is not here, such as 4x16cpu,128GB,1gpu; once "
        "for each kind.",
    ),
]
Store = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Share what is made with other machines: file:///shared, s3://bucket/folder, … "
        "(docs/scaling.md).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]
ReportLink = Annotated[
    str,
    typer.Option(
        "--link",
        metavar="URL",
        help="Where the report can be read, for the comment. Default: its path, if it is there.",
    ),
]
