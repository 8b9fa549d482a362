"""Where a suite's steps run: on this machine, or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rich.console import Console

from harness.cli.consoles import say
from harness.cli.waiting import waiting
from harness.errors import InputError
from harness.plan.parts import Division, divided
from harness.quantities import plural, seconds_of
from harness.runner.begin import local_executor
from harness.runner.gpus import refuse_without_gpus
from harness.runner.jobs import JobBuilder
from harness.runner.machine import describe_software
from harness.runner.run import Options, Prepared
from harness.runner.walk import Executor
from harness.runner.writers import until_idle

if TYPE_CHECKING:
    from harness.estimate.forecast import Reckoning
    from harness.executors.cluster import RayCluster
    from harness.executors.mending import Mender
    from harness.executors.packing import Packer
    from harness.stores.store import SharedStore


@dataclass(frozen=True)
class Where:
    """What the command line says of it."""

    executor: Literal["local", "ray"] = "local"
    address: str | None = None
    nodes: tuple[str, ...] = ()
    """Of a cluster that is not here, to plan for (`harness.executors.given`)."""
    outlive: str = "0"
    """How long jobs on a cluster at an address go on when this process is gone."""

    def __post_init__(self) -> None:
        try:
            seconds_of(self.outlive)
        except ValueError as error:
            raise InputError(f"--outlive {self.outlive}: {error}", "0 ends them at once.") from None
        for option, given in (("--address", self.address is not None), ("--nodes", self.nodes)):
            if self.is_here and given:
                raise InputError(f"{option} belongs to --executor ray", "Name both, or neither.")
        if self.address is not None and self.nodes:
            raise InputError(
                "--address and --nodes each name a cluster", "Plan for the one or for the other."
            )

    @property
    def is_here(self) -> bool:
        """Whether this machine does all, and nothing of a cluster is needed."""
        return self.executor == "local"


def store_at(url: str | None) -> SharedStore | None:
    """The shared store that the command line names, which was tried.

    Raises:
        InputError: the URL is none, a package is missing, or nothing can be read from or written to there.
    """
    if url is None:
        return None
    from harness.stores.store import SharedStore

    store = SharedStore(url)
    store.identity()
    return store


def packer_of(prepared: Prepared, options: Options, timeout: float) -> Packer | None:
    """What packs jobs for nodes that have only a store in common with this machine; None without a store."""
    from harness.executors.packing import Packer

    if prepared.shared is None or options.store is None:
        return None
    again = frozenset(step.key for step in prepared.again if step.row.is_artifact)
    identity, home = options.store.identity(), prepared.artifacts.home
    of = (prepared.plan, home, prepared.shared, identity, describe_software(), timeout, again)
    return Packer(*of)


@contextmanager
def executor_of(
    where: Where,
    prepared: Prepared,
    options: Options,
    console: Console,
    reckoning: Reckoning | None = None,
) -> Iterator[tuple[Executor | None, int, Division]]:
    """What runs the steps, None for this machine's own workers; how many jobs side by side; cells in parts.

    Args:
        reckoning: of this run, where it was made already.

    Raises:
        MissingToolError: Ray is not installed.
        InputError: no cluster answers, or none of its nodes, or not this machine, has what a step needs; or
            not so many workers as `--parts` wants.
    """
    from harness.cli.dividing import division_here, division_lines, division_on
    from harness.cli.fitting import reckoned

    if where.is_here:
        todo = prepared.to_do()
        refuse_without_gpus(todo)
        if todo:
            _wait_for_others(prepared, console)
        division = division_here(prepared, options, reckoning)
        say(console, *division_lines(division))
        yield None, options.jobs, division
        return
    from harness.executors.cluster import connected
    from harness.executors.left import LeftJobs, as_left
    from harness.executors.needs import needs_of
    from harness.executors.nodes import jobs_at_once, refuse_unmet
    from harness.executors.on_ray import RayExecutor, is_local, shared

    with waiting(console, "Looking at what the steps need"):
        reckoning = reckoning or reckoned(prepared)
        needs = needs_of(prepared, reckoning.forecast())
    with connected(where.address) as cluster:
        nodes = cluster.nodes()
        todo = [step for step in prepared.to_do() if not step.row.in_place and not is_local(step)]
        refuse_unmet([(step.label, needs(step)) for step in todo], nodes)
        cores = sum(node.cpus for node in nodes)
        say(console, f"On {plural(len(nodes), 'node')} with {plural(round(cores), 'core')}.")
        timeout = prepared.suite.spec.defaults.timeout
        here, packer = local_executor(prepared), packer_of(prepared, options, timeout)
        folders = [prepared.artifacts.home, prepared.results.folder] if packer is None else []
        with shared(*folders) as token:
            there = _left(where, cluster, prepared, console)
            division = as_left(division_on(nodes, needs, options, reckoning), there)
            say(console, *division_lines(division))
            left = LeftJobs(there, divided(todo, division))
            cluster.drop(left.others)
            if left:
                jobs = plural(len(left), "job")
                say(console, f"Taking over {jobs} that an earlier run left on the cluster.")
            else:
                _wait_for_others(prepared, console)
            of = (cluster, needs, here, timeout, describe_software(), token)
            mender = _mender(prepared, packer)
            executor = RayExecutor(*of, packer=packer, left=left, mender=mender)
            yield executor, jobs_at_once(nodes, options.jobs), division


def _mender(prepared: Prepared, packer: Packer | None) -> Mender | None:
    from harness.executors.mending import Mender

    if packer is None:
        return None
    of = (prepared.plan, prepared.artifacts, prepared.results.folder)
    return Mender(packer, prepared.to_make, JobBuilder(*of, 1, 1, prepared.lending).build)


def _left(
    where: Where, cluster: RayCluster, prepared: Prepared, console: Console
) -> Mapping[str, str]:
    """Jobs that an earlier run of these results has left on a cluster; ours are left there, too, unless they end with us."""
    from harness.executors.driving import Leaving
    from harness.executors.on_ray import run_name

    seconds = seconds_of(where.outlive)
    # What is done again stands aside meanwhile, and is brought back where the run dies.
    if where.address is None or not seconds or prepared.again:
        return {}

    def waits(who: str) -> None:
        if who:
            say(console, f"These results are being made on the cluster: waiting for {who}.")

    return cluster.join(Leaving(run_name(prepared.results.folder), seconds), waits)


def _wait_for_others(prepared: Prepared, console: Console) -> None:
    """Waits until no job that another run left on a cluster writes into these results."""

    def waits() -> None:
        say(
            console,
            "Jobs that an earlier run left on a cluster still write into these results: waiting until "
            "they end. (Given with that cluster's --address, the same command takes them over.)",
        )

    until_idle(prepared.results.folder, waits)
