"""`harness run`: a suite from file to report."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from harness.cli.consoles import error_console, output_console, say
from harness.cli.ending import GOES_ON, INTERRUPTED, tell
from harness.cli.executing import Where, executor_of
from harness.cli.outputs import hand_over_json
from harness.cli.progress import Display
from harness.cli.unchanged import Watch, make_room, remember
from harness.cli.waiting import waiting
from harness.disk import check_takes_files
from harness.models.finetune.curve import last_point, place
from harness.plan.steps import Step
from harness.quantities import plural
from harness.records import Failure, Summary
from harness.records.licences import Amount
from harness.results.store import ResultsStore
from harness.runner.claim import claimed
from harness.runner.run import Options, Outcome, Prepared, has_nothing_to_do, run
from harness.shards.part import Part, prepare_part, told

if TYPE_CHECKING:
    from harness.estimate.forecast import Reckoning


def run_suite(
    suite: Path,
    options: Options,
    reports: Path,
    as_json: bool,
    samples: Amount | None = None,
    where: Where | None = None,
) -> int:
    """Runs a suite, writes its report, says where it is. Returns the exit code."""
    watch = Watch()
    watch.begin()
    try:
        return _run(suite, options, Wanted(reports, samples), as_json, watch, where or Where())
    except KeyboardInterrupt:
        tell(GOES_ON)
        return INTERRUPTED
    finally:
        watch.end()


@dataclass(frozen=True)
class Wanted:
    """The report that is asked for: the folder of all reports, and how many answers it holds."""

    reports: Path
    samples: Amount | None


def _run(
    suite: Path, options: Options, wanted: Wanted, as_json: bool, watch: Watch, where: Where
) -> int:
    console = error_console()
    with waiting(console, "Looking up what the suite names"):
        part = prepare_part(suite, options)

    def waits(who: str) -> None:
        if who:
            say(console, f"These results are being made: waiting for {who}.")

    with claimed(part.prepared, waits):
        part.note()
        return _run_claimed(part, (suite, options), wanted, as_json, watch, console, where)


def _run_claimed(
    part: Part,
    asked: tuple[Path, Options],
    wanted: Wanted,
    as_json: bool,
    watch: Watch,
    console: Console,
    where: Where,
) -> int:
    suite, options = asked
    prepared = part.prepared
    with waiting(console, "Looking at what is there"):
        prepared.look_through()
    if prepared.shared is not None:
        with waiting(console, "Putting what the store lacks of it there"):
            prepared.give()
    todo, damaged, reckoning = prepared.to_do(), prepared.damaged(), None
    for line in damaged:
        say(console, f"warning: {line}")
    say(console, *told(part))
    if todo:
        check_takes_files(wanted.reports)  # not found out hours later
        watch.end()
        if where.is_here:
            reckoning = _say_before(prepared, options.jobs, todo, console)
    say(console, *_where(prepared, todo))
    count = sum(not step.row.in_place for step in todo)
    try:
        with (
            executor_of(where if todo else Where(), prepared, options, console, reckoning) as (
                executor,
                jobs,
                division,
            ),
            Display(console, count) as display,
        ):
            side_by_side = replace(options, jobs=jobs)
            said = _commands(suite, options)
            outcome = run(prepared, side_by_side, display, said, executor, division)
    except KeyboardInterrupt:
        again = "Interrupted. What was to be done again and is not stands as it was."
        tell("\n".join([again if prepared.again else GOES_ON, *_where(prepared, prepared.to_do())]))
        return INTERRUPTED
    there = _report_there(outcome, prepared.results, wanted)
    with waiting(console, "Writing the report"):
        files = there or _write_report(outcome, prepared, wanted)
    kept = any(step.kind == "cell" for step, _ in outcome.failures)  # what stands may be older
    for line in prepared.damaged()[len(damaged) :]:
        say(console, f"warning: {line}")
    code, line = 1 if kept else exit_code(outcome.summary), _nothing_to_do(outcome, prepared, files)
    if as_json:
        hand_over_json({"results": str(prepared.results.folder), **_as_data(outcome, files)})
    elif there:
        say(output_console(), line)
    else:
        _say(outcome, files, prepared, console)
    if not outcome.failures and options.again is None and sys.argv[1:2] == ["run"]:
        _remember(watch, bool(there), asked, files, line, code)
    return code


def _say_before(prepared: Prepared, jobs: int, todo: list[Step], console: Console) -> Reckoning:
    """Says what to know of the data, of the machine's memory, and of the time, before something is done; gives what it was
    reckoned by."""
    from harness.cli.data import read_data
    from harness.cli.fitting import reckoned, time_words, unfit
    from harness.estimate.machine import is_timed
    from harness.reporting.data import warnings

    if not is_timed(prepared.artifacts.home):
        say(console, "Timing this machine for a few seconds, once, to tell how long things take …")
    with waiting(console, "Looking at the data and at this machine"):
        reckoning = reckoned(prepared, probe=True)
        found = reckoning.forecast()
        readings = {names[0]: reading for names, reading in read_data(prepared.plan)}
        lines = [f"data of {', '.join(tasks)}: {warning}" for tasks, warning in warnings(readings)]
        lines += unfit(prepared, jobs, found)
    for line in lines:
        say(console, f"warning: {line}")
    steps = plural(sum(not step.row.in_place for step in todo), "step")
    took = time_words(found)
    say(console, f"{steps} to do" + (f", {took}." if took else "."))
    return reckoning


def _remember(
    watch: Watch,
    nothing_written: bool,
    asked: tuple[Path, Options],
    files: list[Path],
    line: str,
    code: int,
) -> None:
    """Has the next command of the same words answered at once, while no file changes that this
    one looked at; after a run that wrote something it is looked at again."""
    if watch.only_files and not nothing_written:
        make_room()
        watch.begin()
        if not has_nothing_to_do(prepare_part(*asked).prepared):
            return
    watch.add(*files)
    watch.end()
    remember(sys.argv[1:], watch, line, code)


def _nothing_to_do(outcome: Outcome, prepared: Prepared, files: list[Path]) -> str:
    gates = outcome.summary.gates
    missed = sum(not gate.passed for gate in gates)
    judged = f"; {missed} of {plural(len(gates), 'gate')} not met" if missed else ""
    cells = plural(len(prepared.cells), "cell")
    page = next(file for file in files if file.suffix == ".html")
    return f"Nothing to do: {cells} answered{judged}. Report: {page}"


def _where(prepared: Prepared, todo: Iterable[Step]) -> Iterator[str]:
    """Of each fine-tuning that is still to be done and was interrupted, where it was."""
    for step in todo:
        work = prepared.artifacts.work(step)
        at = last_point(work) if step.kind == "finetune" else None
        if at is not None:
            begins = place(work)
            then = f"goes on from step {begins}" if begins else "begins anew"
            where = f"was interrupted at step {at.step} (loss {at.loss:.3f}) and {then}"
            yield f"{step.label}: {where}"


def exit_code(summary: Summary) -> int:
    """1 where a cell failed, else 3 where a gate was not met, else 0."""
    if any(cell.status == "failed" for cell in summary.cells):
        return 1
    return 3 if any(not gate.passed for gate in summary.gates) else 0


def _commands(suite: Path, options: Options) -> list[str]:
    words = ["harness", "run", str(suite)]
    words += ["--limit", str(options.limit)] if options.limit else []
    words += ["--shard", options.shard.words] if options.shard else []
    words += ["--data-dir", str(options.data_dir)] if options.data_dir else []
    return [shlex.join(words)]


def _report_there(outcome: Outcome, results: ResultsStore, wanted: Wanted) -> list[Path]:
    """The files of a report that says what a new one would; none where there is no such report."""
    folder = wanted.reports / outcome.summary.place
    files, summary = [folder / "report.md", folder / "index.html"], results.summary_file
    if not outcome.unchanged or not all(file.is_file() for file in files):
        return []
    with files[1].open(encoding="utf-8") as page:
        if f'data-samples="{wanted.samples or ""}"' not in page.read(200):
            return []
    return files if files[1].stat().st_mtime_ns >= summary.stat().st_mtime_ns else []


def _write_report(outcome: Outcome, prepared: Prepared, wanted: Wanted) -> list[Path]:
    from harness.reporting.write import write_report
    from harness.results.answered import read_answered

    summary = outcome.summary
    answered = read_answered(prepared.results.folder, summary, prepared.artifacts.home)
    return write_report(summary, wanted.reports / summary.place, answered, wanted.samples)


def _say(outcome: Outcome, files: list[Path], prepared: Prepared, console: Console) -> None:
    from harness.reporting.terminal import terminal_table

    out = output_console()
    out.print(terminal_table(outcome.summary))
    for failure, cells in _by_reason(outcome).items():
        say(console, f"failed: {', '.join(cells)}: {failure.message} {failure.hint}".rstrip())
    for file in files:
        if file.suffix in (".md", ".html"):
            say(out, f"Report: {file}")
    if prepared.limit is not None:
        folder = _from_here(prepared.results.folder)
        say(out, f"Results of this limit, apart from those of the whole suite: {folder}")


def _from_here(folder: Path) -> Path:
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


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
