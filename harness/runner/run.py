"""A run, from suite file to summary: what is there is kept, what is missing is done."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from harness.errors import BadDataError, HubError, InputError
from harness.home import default_home
from harness.plan.builder import make_plan
from harness.plan.graph import Plan
from harness.plan.parts import Division
from harness.plan.steps import Step
from harness.records import Failure, Summary
from harness.records.shards import Shard
from harness.records.summary import results_name
from harness.resolve.resolver import resolve
from harness.results.artifacts import ArtifactStore
from harness.results.store import ResultsStore
from harness.results.strays import check_places
from harness.runner.again import chosen, set_aside, steps_again
from harness.runner.begin import walk_of
from harness.runner.claim import put_right
from harness.runner.findings import refusal
from harness.runner.journal import journal
from harness.runner.keeper import (
    failed_cells,
    forget_stale_prompts,
    keep_failure,
    keep_findings,
)
from harness.runner.known import known
from harness.runner.lending import Lending, unless_alike
from harness.runner.missing import Missing
from harness.runner.shared import SharedArtifacts, give_all, shared_artifacts
from harness.runner.spending import spent_on
from harness.runner.summarize import Summarizer, is_current
from harness.runner.task_summary import described
from harness.runner.walk import Executor, Observer
from harness.stores.store import SharedStore
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
    parts: int | None = None
    """In how many parts cells are asked; None: in as many as makes the run shorter."""
    home: Path | None = None
    data_dir: Path | None = None
    """Where data sets lie; then, as with `$HARNESS_DATA`, nothing of them is downloaded."""
    may_fetch: bool = False
    """Whether data sets that are not here may be downloaded."""
    fresh: bool = False
    """Whether servers are asked although their answers are remembered."""
    shard: Shard | None = None
    """The part of the suite whose results these are (`harness.shards.part` picks its cells)."""
    store: SharedStore | None = None
    """Where artifacts are shared with other machines."""
    far: bool = False
    """Whether other machines do the steps: this one needs no files that they make but prompts."""
    provisional: bool = False
    """Whether data sets may be missing that a run would download: for plans that nothing is run by."""


@dataclass(frozen=True)
class Prepared:
    """A suite that was read and planned, with what is done of it."""

    suite: Suite
    plan: Plan
    results: ResultsStore
    artifacts: ArtifactStore
    lending: Lending
    """What results at other limits have of it."""
    cells: tuple[Step, ...]
    """Those that were selected."""
    limit: int | None = None
    """Of the command line, where that asks otherwise than the suite."""
    to_fetch: tuple[str, ...] = ()
    """Data sets that a run downloads first; keys of what reads them are then provisional."""
    again: tuple[Step, ...] = ()
    """Those that are done anew; what they gave before does not count."""
    left_out: frozenset[str] = frozenset()
    """Keys of findings that another shard of the suite sees to."""
    shard: Shard | None = None
    shared: SharedArtifacts | None = None

    def open_cells(self) -> list[Step]:
        """Selected cells that have not been answered."""
        return [step for step in self.cells if not self.is_cached(step)]

    def is_cached(self, step: Step) -> bool:
        """Whether what a step makes is there, here or (where only its findings count) kept."""
        if self.is_again(step):
            return False
        if step.kind == "cell":
            here = self.results.cell(step.model, step.task)
            return here.is_done(step.key) or self.lending.whole(step) is not None
        if step.kind == "round":
            return self.results.cell(step.model, step.task).has_round(step)
        kept = self.results.kept(step) if step.row.gives == "findings" else None
        manifest = kept or self.artifacts.manifest(step)
        return manifest is not None and manifest.whole and refusal(manifest, step) is None

    def is_elsewhere(self, cell: Step) -> bool:
        """Whether a cell is answered, but in the results of another limit alone."""
        is_here = self.results.cell(cell.model, cell.task).is_done(cell.key)
        return not is_here and self.lending.whole(cell) is not None

    def is_again(self, step: Step) -> bool:
        """Whether a step is done anew."""
        made = step.row.is_artifact
        return (step.key if made else (step.model, step.task)) in self._again

    @cached_property
    def _again(self) -> frozenset[object]:
        """Keys of steps, models and tasks of cells, whose rounds go with them."""
        return frozenset(
            step.key if step.row.is_artifact else (step.model, step.task) for step in self.again
        )

    def look_through(self, files: frozenset[str] = frozenset()) -> None:
        """Reads what earlier runs wrote and this one relies on, with the files of some more steps, by their
        keys; what is damaged is then to do."""
        if not self._looked:
            self._looked.add("results")
            self.results.look_through()
            for cell in self.plan.cells:
                for store in (self.results, *self.lending.others):
                    store.cell(cell.model, cell.task).result(thoroughly=True)
                here = self.results.cell(cell.model, cell.task)
                here.hold()
                if here.parts() and here.is_done(cell.key):
                    here.forget_parts()
            self.artifacts.hold(self.plan.steps.values())
        while used := self._missing.used(self.cells, files) - self._looked:
            for key in used:
                self.artifacts.look_through(self.plan.steps[key])
            self._looked.update(used)

    @cached_property
    def _looked(self) -> set[str]:
        return set()

    def give(self) -> None:
        """Puts what is here of the suite's artifacts into the store. Raises StoreError."""
        give_all(self.shared, (s for s in self.plan.steps.values() if not self.is_again(s)))

    def damaged(self) -> list[str]:
        """A line for each file that was found not to be what was written into it."""
        found = [store.damaged for store in (self.results, *self.lending.others)]
        return [line for of in (self.artifacts.damaged, *found) for line in of.lines()]

    def to_do(self) -> list[Step]:
        """The steps that have to be done, parents first; sources among them are only checked.

        What is timed comes last, when nothing else is left to be done.
        """
        return self._missing.to_do(self.cells)

    def to_make(self, keys: Iterable[str]) -> list[Step]:
        """The steps that have to be done for the files of some steps to be there, parents first."""
        return self._missing.to_make(keys)

    @property
    def _missing(self) -> Missing:
        return Missing(self.plan, self.again, self.is_cached, self.left_out)


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
    return prepare_suite(read_suite(file, known()), options)


def prepare_suite(suite: Suite, options: Options) -> Prepared:
    """Plans a suite that was read; runs nothing.

    Raises:
        InputError: `only` selects nothing, or a data set is missing or damaged.
    """
    home = options.home or default_home()
    try:
        resolved = resolve(suite, home, options.data_dir, options.may_fetch, options.provisional)
        plan, limit = make_plan(suite, resolved), None
        if options.limit is not None:
            limited = make_plan(suite, resolved, options.limit)
            plan, limit = unless_alike(plan, limited, options.limit)
    except (BadDataError, HubError) as error:
        raise InputError(f"{suite.file}: {error.message}", error.hint) from error
    folder = options.results.absolute() / results_name(suite.spec.name, limit, options.shard)
    check_places(folder)
    results = ResultsStore(folder)
    shared = shared_artifacts(options.store, home.absolute(), options.far)
    artifacts = ArtifactStore(home.absolute(), resolved.places, shared)
    put_right(plan, results, artifacts)
    cells = chosen(plan, options.only)
    again = steps_again(plan, cells, options.again)
    of_one = partial(make_plan, suite, resolved, 1)
    lending = Lending(plan, of_one, results, artifacts, again)
    of = (suite, plan, results, artifacts, lending, cells, limit, resolved.absent, again)
    return Prepared(*of, shard=options.shard, shared=shared)


def has_nothing_to_do(prepared: Prepared) -> bool:
    """Whether every selected cell is answered, and `summary.json` says what a new one would."""
    summary = prepared.results.summary()
    if summary is None or prepared.to_do() or any(map(prepared.is_elsewhere, prepared.cells)):
        return False
    return is_current(summary, prepared.suite, prepared.plan, prepared.results, prepared.limit)


def run(
    prepared: Prepared,
    options: Options,
    observer: Observer,
    commands: Sequence[str],
    executor: Executor | None = None,
    division: Division | None = None,
) -> Outcome:
    """Does what is missing and writes `summary.json`.

    Args:
        prepared: what to do.
        options: as they were given to `prepare`.
        observer: hears how it goes.
        commands: how to do it again, for the report.
        executor: runs the steps; None: worker processes on this machine.
        division: of cells that several workers ask; None: of none.
    """
    started = time.perf_counter()
    prepared.look_through()
    prepared.give()
    taken = prepared.lending.take_over(prepared.cells)
    todo = prepared.to_do()
    summary = prepared.results.summary()
    place = (prepared.suite, prepared.plan, prepared.results)
    damaged = prepared.damaged()
    if (
        not todo
        and not taken
        and not damaged
        and summary
        and is_current(summary, *place, prepared.limit)
    ):
        failures = failed_cells(prepared.results, prepared.cells)
        return Outcome(summary, 0, failures, time.perf_counter() - started, unchanged=True)
    every = {(step.model, step.task) for step in prepared.plan.cells}
    prepared.results.forget_except(every)
    with journal(prepared.results.folder, todo, prepared.cells, observer) as heard:
        walk = walk_of(prepared, options, heard, todo, executor, division)
        with set_aside(prepared.again, prepared.results):
            try:
                walk.run()
            finally:
                for step in walk.failed:
                    if step.kind == "cell":
                        alike = prepared.lending.alike(step)
                        keep_failure(prepared.results, step, walk.failures[step.key], alike)
                keep_findings(prepared.plan, prepared.results, prepared.artifacts)
        forget_stale_prompts(prepared.plan, prepared.results)
        seconds = time.perf_counter() - started
        total = seconds + (summary.seconds if summary and not todo else 0.0)
        spent = spent_on(prepared.suite, prepared.artifacts.home)
        describe = described(prepared.artifacts.places)
        limit, shard = prepared.limit, prepared.shard
        summarizer = Summarizer(*place, describe, total, limit, spent, shard)
        summary = summarizer.summary(list(commands))
        prepared.results.write_summary(summary)
    failed = tuple((of, walk.failures[of.key]) for of in walk.failed if of.kind != "part")
    return Outcome(summary, len(todo), failed, seconds)
