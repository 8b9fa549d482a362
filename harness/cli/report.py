"""`harness report`: the report of results that are there."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from harness.errors import InputError
from harness.records import Summary
from harness.report import write_report


def report_results(results: Path, reports: Path, as_json: bool) -> int:
    """Writes Markdown and HTML. Returns the exit code."""
    summary = read_summary(results)
    files = write_report(summary, reports / summary.suite["name"])
    if as_json:
        print(json.dumps({"reports": [str(file) for file in files]}))
    else:
        for file in files:
            if file.suffix in (".md", ".html"):
                print(f"Report: {file}")
    return 0


def read_summary(path: Path) -> Summary:
    """The summary in a results folder, or in the file itself.

    Raises:
        InputError: there is none, or it is not one.
    """
    file = path / "summary.json" if path.is_dir() else path
    try:
        return Summary.model_validate_json(file.read_text(encoding="utf-8"))
    except OSError:
        raise InputError(
            f"{file}: there is no summary here",
            "Give results/<suite>, where `harness run` wrote its summary.json.",
        ) from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{file}: not a summary of this version of harness: {place}: {first['msg']}",
            "Run the suite again to write it anew.",
        ) from None
