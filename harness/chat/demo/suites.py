"""The suite that results were made by, where it still lies."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HarnessError
from harness.records import Summary
from harness.runner.run import Options, Prepared, prepare


@dataclass(frozen=True)
class Found:
    """A suite that was planned, or why it was not."""

    prepared: Prepared | None
    without: str = ""


def suite_of_results(
    summary: Summary, results: Path, home: Path, given: Path | None = None
) -> Found:
    """Plans the suite of some results, for its models.

    Args:
        summary: of the results.
        results: results/<suite>.
        home: `$HARNESS_HOME`.
        given: the suite, where a user names it.

    Raises:
        InputError: the suite that was named has mistakes.
    """
    options = Options(
        results=results.absolute().parent, home=home, limit=summary.limit, provisional=True
    )
    if given is not None:
        return Found(prepare(given, options))
    file = _file(summary)
    if file is None:
        named = summary.suite.get("file", "")
        return Found(None, f"the suite {named} does not lie here: name it with --suite")
    try:
        prepared = prepare(file, options)
    except HarnessError as error:
        return Found(None, f"{file} can no longer be planned ({error.message})")
    if prepared.suite.sha256 != summary.suite.get("sha256"):
        return Found(None, f"{file} has changed since: run it again, or name it with --suite")
    return Found(prepared)


def _file(summary: Summary) -> Path | None:
    """As the command that made the results names it, from here."""
    for command in summary.commands:
        for word in shlex.split(command)[1:]:
            if word.endswith((".yaml", ".yml")) and Path(word).is_file():
                return Path(word)
    return None
