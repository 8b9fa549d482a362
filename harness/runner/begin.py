"""What a run begins with: the walk over what is to be done, with what does it; a walk that makes files alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.engines.process import physical_cores
from harness.plan.parts import Division
from harness.plan.steps import Step
from harness.records import Failure
from harness.runner.again import makes_of
from harness.runner.divided import AsOneCell, with_parts
from harness.runner.jobs import JobBuilder
from harness.runner.keeper import Keeper
from harness.runner.local import LocalExecutor
from harness.runner.sharing import SharingExecutor
from harness.runner.sources import check_source
from harness.runner.walk import Executor, Observer, Walk

if TYPE_CHECKING:
    from harness.runner.run import Options, Prepared


def local_executor(prepared: Prepared) -> Executor:
    """What runs steps on this machine, with what others share where they share something."""
    here = LocalExecutor(prepared.suite.spec.defaults.timeout)
    if prepared.shared is None:
        return here
    again = frozenset(step.key for step in prepared.again if step.row.is_artifact)
    return SharingExecutor(here, prepared.plan.steps, prepared.artifacts, prepared.shared, again)


def walk_of(
    prepared: Prepared,
    options: Options,
    observer: Observer,
    todo: list[Step],
    executor: Executor | None = None,
    division: Division | None = None,
) -> Walk:
    """The walk over steps of a suite; files that are there already are checked now.

    Args:
        prepared: the suite.
        options: of the command line.
        observer: hears how it goes.
        todo: parents first.
        executor: runs the steps; None: worker processes on this machine.
        division: of cells that several workers ask.
    """
    cores = physical_cores()
    threads = max(1, cores // options.jobs)
    of = (prepared.plan, prepared.artifacts, prepared.results.folder)

    def is_fresh(cell: Step) -> bool:
        """A served model is really asked, whatever is remembered of it."""
        return options.fresh or prepared.is_again(cell)

    builder = JobBuilder(
        *of,
        threads,
        cores,
        prepared.lending,
        is_fresh,
        makes_of(prepared.again, prepared.artifacts),
    )
    executor = executor or local_executor(prepared)
    keeper = Keeper(prepared.artifacts, prepared.results, observer)
    steps = [step for step in todo if not step.row.in_place]
    parts = with_parts(steps, division or {}, prepared.results, prepared.is_again)
    seen = AsOneCell(keeper, todo) if division else keeper
    walk = Walk(parts, builder.build, executor, seen, options.jobs)
    for step in todo:
        if step.row.in_place:
            path = prepared.artifacts.file(step)
            failure = check_source(step, path, prepared.plan.permissions(step.key))
            if failure is not None:
                walk.fail(step, failure)
    return walk


def make(
    prepared: Prepared, options: Options, observer: Observer, keys: Iterable[str]
) -> tuple[tuple[Step, Failure], ...]:
    """Makes what is missing of the files of some steps, and asks nothing; the failures."""
    wanted = frozenset(keys)
    prepared.look_through(wanted)
    walk = walk_of(prepared, options, observer, prepared.to_make(wanted))
    walk.run()
    return tuple((step, walk.failures[step.key]) for step in walk.failed)
