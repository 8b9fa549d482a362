"""A run, from suite file to summary: what is there is kept, what is missing is done."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.engines.gguf_file import gguf_info
from harness.engines.permissions import Permissions, granted
from harness.engines.process import physical_cores
from harness.engines.weight_files import adapter_files
from harness.errors import BadDataError, HarnessError, HubError, InputError
from harness.home import default_home
from harness.models.sources import check_model_folder
from harness.plan.builder import make_plan
from harness.plan.graph import Plan
from harness.plan.params import SourceParams
from harness.plan.steps import Step
from harness.records import Cell, Failure, Summary
from harness.resolve.resolver import resolve
from harness.results.artifacts import TEXTS, ArtifactStore
from harness.results.store import ResultsStore
from harness.runner.again import bring_back, fits, set_aside, steps_again
from harness.runner.findings import refusal
from harness.runner.jobs import JobBuilder
from harness.runner.keeper import Keeper
from harness.runner.known import known
from harness.runner.local import LocalExecutor
from harness.runner.summarize import Summarizer, is_current
from harness.runner.walk import Observer, Walk
from harness.suite.reader import Suite, read_suite


@dataclass(frozen=True)
class Options:
    """What the command line can say about a run."""

    results: Path = Path("results")
    limit: int | None = None
    only: str | None = None
    again: str | None = None
    """Cells and steps that are done although they are done already."""
    jobs: int = 1
    home: Path | None = None
    data_dir: Path | None = None
    """Where data sets lie; then, as with `$HARNESS_DATA`, nothing of them is downloaded."""
    may_fetch: bool = False
    """Whether data sets that are not here may be downloaded."""
    provisional: bool = False
    """Whether data sets may be missing that a run would download: for plans that nothing is run by."""


@dataclass(frozen=True)
class Prepared:
    """A suite that was read and planned, with what is done of it."""

    suite: Suite
    plan: Plan
    results: ResultsStore
    artifacts: ArtifactStore
    cells: tuple[Step, ...]
    """Those that were selected."""
    to_fetch: tuple[str, ...] = ()
    """Data sets that a run downloads first; keys of what reads them are then provisional."""
    again: tuple[Step, ...] = ()
    """Those that are done anew; what they gave before does not count."""

    def open_cells(self) -> list[Step]:
        """Selected cells that have not been answered."""
        return [step for step in self.cells if not self.is_cached(step)]

    def is_cached(self, step: Step) -> bool:
        """Whether what a step makes is there, here or (where only its findings count) kept."""
        if self._is_again(step):
            return False
        if step.kind == "cell":
            return self.results.cell(step.model, step.task).is_done(step.key)
        if step.kind == "round":
            return self.results.cell(step.model, step.task).has_round(step)
        kept = self.results.kept(step) if step.row.gives == "findings" else None
        manifest = kept or self.artifacts.manifest(step)
        return manifest is not None and manifest.whole and refusal(manifest, step) is None

    def _is_again(self, step: Step) -> bool:
        made = step.row.is_artifact
        return (step.key if made else (step.model, step.task)) in self._again

    @cached_property
    def _again(self) -> frozenset[object]:
        """Keys of steps, models and tasks of cells, whose rounds go with them."""
        return frozenset(
            step.key if step.row.is_artifact else (step.model, step.task) for step in self.again
        )

    def to_do(self) -> list[Step]:
        """The steps that have to be done, parents first; sources among them are only checked.

        What is timed comes last, when nothing else is left to be done.
        """
        cells = self.open_cells()
        checks = {key for cell in cells for key in self.plan.models[cell.model].checks}
        checks |= {self.plan.floors[c.task] for c in cells if c.task in self.plan.floors}
        again = {step.key for step in self.again if step.row.is_artifact}
        measured = {step.key: step for step in self._open_precision()}
        needed = {*checks, *again, *measured}
        needed.update(self.plan.ancestors(*cells, *(self.plan.steps[key] for key in needed)))
        missing: dict[str, Step] = {}
        read = again | {key for cell in cells for key in cell.parents.values()}
        for step in reversed(self.plan.steps.values()):
            wanted = step.row.in_place or step.row.gives == "findings" or step.key in read
            if step.key in needed and wanted and not self.is_cached(step):
                missing[step.key] = step
                read.update(step.parents.values())
        timed = {(cell.model, cell.task) for cell in cells if cell.is_timing}
        rounds = [
            step
            for step in self.plan.rounds
            if (step.model, step.task) in timed and not self.is_cached(step)
        ]
        asked = [cell for cell in cells if not cell.is_timing]
        last = [cell for cell in cells if cell.is_timing]
        first = [step for step in reversed(missing.values()) if step.key not in measured]
        return [*first, *asked, *measured.values(), *rounds, *last]

    def _open_precision(self) -> list[Step]:
        """Steps that measure what 16 bits change, of selected tasks: behind all that is asked."""
        tasks = {cell.task for cell in self.cells} & self.plan.precision.keys()
        steps = [self.plan.precision[task].step for task in self.plan.precision if task in tasks]
        open_steps = [self.plan.steps[key] for key in dict.fromkeys(steps) if key]
        return [step for step in open_steps if not self.is_cached(step)]


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    summary: Summary
    ran: int
    """Steps that were done or failed in this run; 0: everything was there already."""
    failures: tuple[tuple[Step, Failure], ...]
    seconds: float
    unchanged: bool = False
    """Whether the summary that was there still says all."""


def prepare(file: Path, options: Options) -> Prepared:
    """Reads and plans a suite; runs nothing.

    Raises:
        SuiteError: the suite has mistakes.
        InputError: `only` selects nothing, or a data set is missing or damaged.
    """
    suite = read_suite(file, known())
    home = options.home or default_home()
    try:
        resolved = resolve(suite, home, options.data_dir, options.may_fetch, options.provisional)
        plan = make_plan(suite, resolved, options.limit)
    except (BadDataError, HubError) as error:
        raise InputError(f"{file}: {error.message}", error.hint) from error
    results = ResultsStore(options.results.absolute() / suite.spec.name)
    artifacts = ArtifactStore(home.absolute(), resolved.places)
    bring_back((*plan.steps.values(), *plan.cells), results, artifacts)
    cells = _select(plan, options.only)
    again = steps_again(plan, cells, options.again)
    return Prepared(suite, plan, results, artifacts, cells, resolved.absent, again)


def _select(plan: Plan, only: str | None) -> tuple[Step, ...]:
    if only is None:
        return plan.cells
    chosen = tuple(step for step in plan.cells if fits(step, only))
    if not chosen:
        words = ", ".join(f"{step.model}/{step.task}" for step in plan.cells)
        raise InputError(f"--only {only}: no model, task or model/task fits", f"There are: {words}")
    return chosen


def has_nothing_to_do(prepared: Prepared) -> bool:
    """Whether every selected cell is answered, and `summary.json` says what a new one would."""
    summary = prepared.results.summary()
    place = (prepared.suite, prepared.plan, prepared.results)
    return summary is not None and not prepared.to_do() and is_current(summary, *place)


def run(
    prepared: Prepared, options: Options, observer: Observer, commands: Sequence[str]
) -> Outcome:
    """Does what is missing and writes `summary.json`.

    Args:
        prepared: what to do.
        options: as they were given to `prepare`.
        observer: hears how it goes.
        commands: how to do it again, for the report.
    """
    started = time.perf_counter()
    todo = prepared.to_do()
    summary = prepared.results.summary()
    place = (prepared.suite, prepared.plan, prepared.results)
    if not todo and summary and is_current(summary, *place):
        failures = tuple(_failed_cells(prepared))
        return Outcome(summary, 0, failures, time.perf_counter() - started, unchanged=True)
    every = {(step.model, step.task) for step in prepared.plan.cells}
    prepared.results.forget_except(every)
    walk = _walk(prepared, options, observer, todo)
    with set_aside(prepared.again, prepared.results, prepared.artifacts):
        try:
            walk.run()
        finally:
            for step in walk.failed:
                _write_failure(prepared.results, step, walk.failures[step.key])
            _keep_findings(prepared)
    seconds = time.perf_counter() - started
    total = seconds + (summary.seconds if summary and not todo else 0.0)
    summary = Summarizer(*place, prepared.artifacts.places, total).summary(list(commands))
    prepared.results.write_summary(summary)
    failed = tuple((step, walk.failures[step.key]) for step in walk.failed)
    return Outcome(summary, len(todo), failed, seconds)


def _walk(prepared: Prepared, options: Options, observer: Observer, todo: list[Step]) -> Walk:
    cores = physical_cores()
    threads = max(1, cores // options.jobs)
    builder = JobBuilder(prepared.plan, prepared.artifacts, prepared.results.folder, threads, cores)
    executor = LocalExecutor(prepared.suite.spec.defaults.timeout)
    keeper = Keeper(prepared.artifacts, prepared.results, observer)
    steps = [step for step in todo if not step.row.in_place]
    walk = Walk(steps, builder.build, executor, keeper, options.jobs)
    for step in todo:
        if step.row.in_place:
            failure = _check_source(step, prepared)
            if failure is not None:
                walk.fail(step, failure)
    return walk


def _check_source(step: Step, prepared: Prepared) -> Failure | None:
    """Whether files that are there already are whole: seen from their headers, in no time."""
    path, permissions = prepared.artifacts.file(step), prepared.plan.permissions(step.key)
    try:
        with granted({path: Permissions(**permissions)}):
            match step.given(SourceParams).what:
                case "weights":
                    check_model_folder(path)
                case "gguf":
                    gguf_info(path)
                case "adapter":
                    adapter_files(path)
    except HarnessError as error:
        return Failure(kind=error.kind, message=error.message, hint=error.hint)
    return None


def _write_failure(results: ResultsStore, step: Step, failure: Failure) -> None:
    if step.kind != "cell":
        return
    cell = Cell(
        key=step.key,
        answers="" if step.answers_key == step.key else step.answers_key,
        model=step.model,
        task=step.task,
        status="failed",
        error=failure,
    )
    folder = results.cell(step.model, step.task)
    count = len(folder.samples(step.answers_key))
    folder.finish(cell.model_copy(update={"n": count}))


def _keep_findings(prepared: Prepared) -> None:
    """Findings of steps that another suite or run made count here too."""
    for step in prepared.plan.steps.values():
        if not step.row.in_place and prepared.results.kept(step) is None:
            manifest = prepared.artifacts.manifest(step)
            if manifest is not None:
                prepared.results.keep(manifest)
    for (task, _), key in prepared.plan.prompts.items():
        file = prepared.artifacts.folder(prepared.plan.steps[key]) / TEXTS
        if file.is_file():
            prepared.results.keep_texts(task, file.read_text(encoding="utf-8"))


def _failed_cells(prepared: Prepared) -> list[tuple[Step, Failure]]:
    found = []
    for step in prepared.cells:
        result = prepared.results.cell(step.model, step.task).result()
        if result is not None and result.error is not None:
            found.append((step, result.error))
    return found
