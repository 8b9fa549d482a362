"""The executor for a Ray cluster: a job is one task there, so that a model is loaded once for its steps."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol
from uuid import uuid4

from harness.errors import HarnessError
from harness.executors.keeping import LostError
from harness.executors.left import LeftJobs
from harness.executors.mending import MOST, Mender, is_damage
from harness.executors.mirror import GapError
from harness.executors.node import SEEN
from harness.executors.nodes import Need, Node, place_of, settled
from harness.executors.packing import Packer
from harness.executors.ways import SharedFolders, ThroughStore, Way
from harness.files import write_atomically
from harness.plan.cell_params import CellParams
from harness.plan.steps import Step
from harness.records import Failure
from harness.runner.jobs import Event, Job, StepJob
from harness.runner.walk import Executor

TRIES = 4
"""Times that a step is begun whose worker or node goes away; what was done meanwhile counts anew."""
LOOK_SECONDS = 10.0
"""How often a job that waits looks whether any node still has what it needs."""
PATIENCE_SECONDS = 60.0
"""How long it waits for such a node to come back."""

NAME = ".run-on-cluster"
"""A file in results: the name of their run on a cluster."""


class Cluster(Protocol):
    """As `harness.executors.cluster.RayCluster`."""

    def nodes(self) -> list[Node]: ...
    def run(
        self,
        work: Callable[..., Iterator[Any]],
        arguments: tuple[Any, ...],
        need: Need,
        node: Node | None,
        stop: threading.Event,
        about: str = "",
    ) -> Iterator[Any]: ...
    def resume(self, name: str, stop: threading.Event) -> Iterator[Any]: ...


@dataclass(frozen=True)
class RayExecutor:
    """Runs jobs on a cluster (`harness.runner.walk.Executor`)."""

    cluster: Cluster
    needs: Callable[[Step], Need]
    here: Executor
    """Runs what asks a server or downloads: the keys, the ledger and the answers that are remembered
    lie on this machine."""
    timeout_seconds: float
    """For each step."""
    software: Mapping[str, str]
    token: str = ""
    """Of `shared`; "" where nodes share no folder."""
    clock: Callable[[], float] = time.monotonic
    packer: Packer | None = None
    """Packs jobs where nodes have only a store in common with this machine."""
    left: LeftJobs = field(default_factory=LeftJobs)
    mender: Mender | None = None
    """Where there is a store: has what is damaged there made again."""
    one_machine: ClassVar[bool] = False

    def run(self, job: Job, hear: Callable[[Event], None], stop: threading.Event) -> None:
        """Does a job on a node; one whose node goes away goes on elsewhere where it was, and one that another
        driver has left is taken over."""
        if any(is_local(one.step) for one in job.steps):
            self.here.run(job, hear, stop)
            return
        heard, tries, done = _Heard(hear, job.steps, MOST if self.mender else 0), 0, 0
        while not stop.is_set():
            left = heard.left(job.steps)
            if not left:
                return
            try:
                if (of := self.left.take(left)) is not None:
                    self._resume(*of, job, heard, stop)
                    continue
                self._once(replace(job, steps=left), heard, stop)
                if not heard.held:
                    return
                self._mend(left, heard, stop)
            except (LostError, GapError) as error:
                tries = 1 if len(heard.ended) > done else tries + 1
                done = len(heard.ended)
                if tries >= TRIES:
                    message = f"its worker went away {TRIES} times: {error}"
                    hint = "`ray status` says whether nodes come and go; `harness run` goes on from here."
                    heard.fail(left[0].step.key, Failure(kind="lost", message=message, hint=hint))
                    return
            except HarnessError as error:
                failure = Failure(kind=error.kind, message=error.message, hint=error.hint)
                heard.fail(left[0].step.key, failure)
                return

    def _once(self, job: Job, heard: _Heard, stop: threading.Event) -> None:
        nodes = self.cluster.nodes()
        need = settled(self._need(job), nodes)
        node = place_of(need, nodes) if job.alone else None
        job = replace(job, threads=max(1, int(node.cpus if node else need.cpus)))
        way = self._way(job)
        looked = missing = self.clock()
        given = (way.work, way.arguments, need, node, stop, job.to_json())
        for told in self.cluster.run(*given):
            if told is not None:
                if (event := way.event(told)) is not None:
                    heard(event)
            elif not heard.begun and self.clock() - looked >= LOOK_SECONDS:
                looked, up = self.clock(), self.cluster.nodes()
                if node is not None and node.id not in {one.id for one in up}:
                    raise LostError(f"node {node.name} is gone")
                if place_of(need, up) is not None:
                    missing = looked
                elif looked - missing >= PATIENCE_SECONDS:
                    heard.fail(job.steps[0].step.key, _no_node(need))
                    return

    def _mend(self, steps: Sequence[StepJob], heard: _Heard, stop: threading.Event) -> None:
        """Has what steps read that was damaged in the store made again; where that fails, they do."""
        assert self.mender is not None
        for step in (one.step for one in steps if one.step.key in heard.held):
            with self.mender.lock:
                failed = list[Event]()

                def hear(event: Event, failed: list[Event] = failed) -> None:
                    failed.extend([event] * (event.event == "failed"))

                for job in self.mender.jobs(step):
                    if not failed:
                        self.run(job, hear, stop)
            if failed:
                heard.fail(step.key, Failure(**failed[0].data))
        heard.held.clear()

    def _resume(self, name: str, left: Job, job: Job, heard: _Heard, stop: threading.Event) -> None:
        """Takes over what another driver began, with all that it tells since."""
        way = self._way(replace(left, results=job.results))
        for told in self.cluster.resume(name, stop):
            if told is not None and (event := way.event(told)) is not None:
                heard(event)

    def _way(self, job: Job) -> Way:
        if self.packer is not None:
            return ThroughStore(job, self.packer)
        return SharedFolders(job, self.timeout_seconds, self.software, self.token)

    def _need(self, job: Job) -> Need:
        """What does for all steps of a job, one after the other."""
        need = self.needs(job.steps[0].step)
        for one in job.steps[1:]:
            need = need.beside(self.needs(one.step))
        return replace(need, alone=job.alone)


class _Heard:
    """Passes events on of the steps that are wanted, each start once, and keeps in mind where a job is."""

    def __init__(
        self, hear: Callable[[Event], None], steps: Sequence[StepJob], mends: int = 0
    ) -> None:
        self.held, self._mends = set[str](), Counter({one.step.key: mends for one in steps})
        """Steps that wait for what they read, and how often each may."""
        self._hear, self._wanted = hear, frozenset(one.step.key for one in steps)
        self.begun = False
        self.current = ""
        self.ended: set[str] = set()
        self.failed: set[str] = set()
        self._started: set[str] = set()

    def __call__(self, event: Event) -> None:
        self.begun = True
        if event.step not in self._wanted:
            return
        if event.event == "start":
            self.current = event.step
            if event.step in self._started:
                return
            self._started.add(event.step)
        elif is_damage(event) and self._mends[event.step]:
            self._mends[event.step] -= 1
            self.held.add(event.step)
            self.current = ""
            event = Event(event.step, "waits", {"message": f"for {event.data['message']}"})
        elif event.event in ("done", "failed"):
            self.current = ""
            self.ended.add(event.step)
            if event.event == "failed":
                self.failed.add(event.step)
        self._hear(event)

    def left(self, steps: Sequence[StepJob]) -> tuple[StepJob, ...]:
        """Of a job's steps those that are still to be done; none that needs one that failed."""
        fallen, found = set(self.failed), list[StepJob]()
        for one in steps:
            if fallen & one.step.needs:
                fallen.add(one.step.key)
            elif one.step.key not in self.ended:
                found.append(one)
        return tuple(found)

    def fail(self, first: str, failure: Failure) -> None:
        """The step that was being done has failed, or the first of those that were not begun."""
        key = self.current or first
        self(Event(key, "start"))
        self(Event(key, "failed", failure.model_dump()))


def is_local(step: Step) -> bool:
    """Whether a step asks a server that runs already, or downloads something."""
    asks = isinstance(step.params, CellParams) and step.params.endpoint is not None
    return step.row.network or asks


@contextmanager
def shared(*folders: Path) -> Iterator[str]:
    """Marks folders, by which a node tells that it sees them; gives what stands in the mark."""
    token = uuid4().hex
    for folder in folders:
        write_atomically(folder / SEEN, token)
    try:
        yield token
    finally:
        for folder in folders:
            (folder / SEEN).unlink(missing_ok=True)


def run_name(results: Path) -> str:
    """What a run of these results is called on a cluster: whoever has them finds what was left for them."""
    file, own = results / NAME, uuid4().hex
    if not file.exists():
        aside = file.with_name(f"{NAME}.{own[:8]}")
        aside.write_text(own)
        with suppress(FileExistsError):  # another machine was first
            os.link(aside, file)
        aside.unlink()
    return f"harness-{file.read_text()}"


def _no_node(need: Need) -> Failure:
    return Failure(
        kind="no-node",
        message=f"no node of the cluster has {need.words()} any more",
        hint="`harness run` goes on from here once there is one again.",
    )
