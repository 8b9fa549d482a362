"""`harness run`: a suite from file to report."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from harness.cli.consoles import say
from harness.cli.data import read_data
from harness.cli.fitting import unfit
from harness.cli.progress import Display
from harness.models.finetune.curve import last_point
from harness.plan.steps import Step
from harness.records import Failure, Summary
from harness.reporting.data import warnings
from harness.runner.run import Options, Outcome, Prepared, prepare, run

INTERRUPTED = 130


def run_suite(suite: Path, options: Options, reports: Path, as_json: bool) -> int:
    """Runs a suite, writes its report, says where it is. Returns the exit code."""
    prepared = prepare(suite, options)
    console = Console(stderr=True)
    todo = prepared.to_do()
    if todo:
        found = {names[0]: reading for names, reading in read_data(prepared.plan)}
        for tasks, warning in warnings(found):
            say(console, f"warning: data of {', '.join(tasks)}: {warning}")
        for line in unfit(prepared, options.jobs):
            say(console, f"warning: {line}")
    _say_where(prepared, todo, console)
    try:
        with Display(console, sum(not step.row.in_place for step in todo)) as display:
            outcome = run(prepared, options, display, _commands(suite, options))
    except KeyboardInterrupt:
        console.print("Interrupted. The same command goes on from here.", highlight=False)
        _say_where(prepared, prepared.to_do(), console)
        return INTERRUPTED
    files = _write_report(prepared, outcome, reports)
    if as_json:
        print(json.dumps(_as_data(outcome, files)))
    else:
        _say(outcome, prepared, files, console)
    return exit_code(outcome.summary)


def _say_where(prepared: Prepared, todo: Iterable[Step], console: Console) -> None:
    """Of each fine-tuning that is still to be done and was interrupted, where it was."""
    for step in todo:
        at = last_point(prepared.artifacts.work(step)) if step.kind == "finetune" else None
        if at is not None:
            where = f"was interrupted at step {at.step} (loss {at.loss:.3f}) and begins anew"
            say(console, f"{step.label}: {where}")


def exit_code(summary: Summary) -> int:
    """1 where a cell failed, else 3 where a gate was not met, else 0."""
    if any(cell.status == "failed" for cell in summary.cells):
        return 1
    return 3 if any(not gate.passed for gate in summary.gates) else 0


def _commands(suite: Path, options: Options) -> list[str]:
    words = ["harness", "run", str(suite)]
    words += ["--limit", str(options.limit)] if options.limit else []
    words += ["--data-dir", str(options.data_dir)] if options.data_dir else []
    return [shlex.join(words)]


def _write_report(prepared: Prepared, outcome: Outcome, reports: Path) -> list[Path]:
    folder = reports / outcome.summary.suite["name"]
    page = folder / "index.html"
    summary_file = prepared.results.summary_file
    fresh = page.is_file() and page.stat().st_mtime_ns >= summary_file.stat().st_mtime_ns
    if outcome.ran == 0 and fresh and (folder / "report.md").is_file():
        return [folder / "report.md", page]
    from harness.reporting.write import write_report

    return write_report(outcome.summary, folder)


def _say(outcome: Outcome, prepared: Prepared, files: list[Path], console: Console) -> None:
    if outcome.ran == 0:
        console.print(
            f"Nothing to do: all {len(prepared.cells)} cells are answered.", highlight=False
        )
    from harness.reporting.terminal import terminal_table

    out = Console(file=sys.stdout)
    out.print(terminal_table(outcome.summary))
    for failure, cells in _by_reason(outcome).items():
        say(console, f"failed: {', '.join(cells)}: {failure.message} {failure.hint}".rstrip())
    for file in files:
        if file.suffix in (".md", ".html"):
            say(out, f"Report: {file}")


def _by_reason(outcome: Outcome) -> dict[Failure, list[str]]:
    """Failed cells by their reason: one broken model is one message, not one for each task."""
    found: dict[Failure, list[str]] = {}
    for step, failure in outcome.failures:
        if step.kind == "cell":
            found.setdefault(failure, []).append(f"{step.model}/{step.task}")
    return found


def _as_data(outcome: Outcome, files: list[Path]) -> dict[str, object]:
    return {
        "ran": outcome.ran,
        "seconds": round(outcome.seconds, 3),
        "exit_code": exit_code(outcome.summary),
        "failed": [
            {"model": step.model, "task": step.task, **failure.model_dump()}
            for step, failure in outcome.failures
            if step.kind == "cell"
        ],
        "reports": [str(file) for file in files],
        "summary": outcome.summary.model_dump(mode="json", by_alias=True),
    }
