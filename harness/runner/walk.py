"""Walks the graph: gives jobs to an executor as their parents come to be done.

The walker decides what is next and what a failure takes with it; an executor only runs jobs.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from harness.plan.steps import Step
from harness.records import Failure
from harness.runner.jobs import Event, Pace


class Executor(Protocol):
    """Runs steps somewhere; one call at a time per job, several jobs side by side."""

    def run(
        self, steps: tuple[Step, ...], hear: Callable[[Event], None], stop: threading.Event
    ) -> None:
        """Does the steps in order; tells of every step that it started how it ended."""


class Observer(Protocol):
    """Hears what happens; the command line's shows it."""

    def started(self, step: Step) -> None: ...
    def progressed(
        self, step: Step, done: int, total: int, unit: str, pace: Pace | None = None
    ) -> None: ...
    def finished(self, step: Step) -> None: ...
    def failed(self, step: Step, failure: Failure) -> None: ...


class Quiet:
    """An observer that says nothing."""

    def started(self, step: Step) -> None: ...
    def progressed(
        self, step: Step, done: int, total: int, unit: str, pace: Pace | None = None
    ) -> None: ...
    def finished(self, step: Step) -> None: ...
    def failed(self, step: Step, failure: Failure) -> None: ...


@dataclass
class Walk:
    """The state of a walk. Steps are identified by key and, for cells, by model and task."""

    todo: list[Step]
    executor: Executor
    observer: Observer
    jobs: int = 1
    alone: Callable[[Step], bool] = lambda step: False
    """Steps that must not share the machine, and no worker with steps that may."""
    done: list[Step] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    """By step key: what failed by itself or because of a parent."""
    failed: list[Step] = field(default_factory=list)

    def run(self) -> None:
        """Goes on until everything is done or failed.

        Raises:
            KeyboardInterrupt: after the running workers were stopped.
        """
        stop = threading.Event()
        running: dict[Future[None], tuple[str, tuple[Step, ...]]] = {}
        events: queue.Queue[tuple[Step, Event] | None] = queue.Queue()
        with ThreadPoolExecutor(max_workers=self.jobs) as pool:
            try:
                while self.todo or running:
                    while len(running) < self.jobs and (batch := self._next(running.values())):
                        future = pool.submit(self._run_batch, batch, events, stop)
                        future.add_done_callback(lambda _: events.put(None))
                        running[future] = (batch[0].group, batch)
                    if not running:
                        break
                    self._hear(events)
                    for future in [f for f in running if f.done()]:
                        self._drain(events)
                        _, batch = running.pop(future)
                        future.result()
                        self._check_progress(batch)
            except BaseException:
                stop.set()
                raise

    def _run_batch(
        self,
        batch: tuple[Step, ...],
        events: queue.Queue[tuple[Step, Event] | None],
        stop: threading.Event,
    ) -> None:
        by_key = {step.key: step for step in batch}
        self.executor.run(batch, lambda event: events.put((by_key[event.step], event)), stop)

    def _next(self, running: Iterable[tuple[str, tuple[Step, ...]]]) -> tuple[Step, ...]:
        """The steps of the first group that something can be done for; empty if none now."""
        self._fail_children()
        busy = {group for group, _ in running}
        taken = {id(step) for _, batch in running for step in batch}
        if any(self.alone(step) for _, batch in running for step in batch):
            return ()
        open_steps = [step for step in self.todo if id(step) not in taken]
        waiting = {step.key for step in self.todo}
        for first in open_steps:
            if first.group in busy or not self._ready(first, waiting):
                continue
            if self.alone(first) and busy:
                continue
            return self._batch(first, open_steps, waiting)
        return ()

    def _batch(self, first: Step, open_steps: list[Step], waiting: set[str]) -> tuple[Step, ...]:
        """All steps of a group that can be done one after the other; no key twice."""
        batch: list[Step] = []
        still = set(waiting)
        for step in open_steps:
            apart = self.alone(step) != self.alone(first)
            if step.group == first.group and self._ready(step, still) and not apart:
                if step.key not in {other.key for other in batch}:
                    batch.append(step)
                still.discard(step.key)
        return tuple(batch)

    def _ready(self, step: Step, waiting: set[str]) -> bool:
        return not step.needs & waiting

    def _fail_children(self) -> None:
        """Steps that need one that failed fail too, with its reason."""
        found = True
        while found:
            found = False
            for step in list(self.todo):
                for parent in (*step.parents.values(), *step.after):
                    if parent in self.failures:
                        self._fail(step, self._inherited(parent))
                        found = True
                        break

    def _inherited(self, parent: str) -> Failure:
        """A parent's failure as its child's: it begins with the name of what failed first.

        A round's failure is its cell's own.
        """
        failure = self.failures[parent]
        origin = next(step for step in self.failed if self.failures[step.key] is failure)
        if origin.kind == "round" or origin.needs & self.failures.keys():
            return failure
        message = f"could not {origin.label}: {failure.message}"
        return failure.model_copy(update={"message": message})

    def _hear(self, events: queue.Queue[tuple[Step, Event] | None]) -> None:
        """Waits for one event, and takes it and all that came with it."""
        item = events.get()
        if item is not None:
            self._take(*item)
        self._drain(events)

    def _drain(self, events: queue.Queue[tuple[Step, Event] | None]) -> None:
        while True:
            try:
                item = events.get_nowait()
            except queue.Empty:
                return
            if item is not None:
                self._take(*item)

    def _take(self, step: Step, event: Event) -> None:
        match event.event:
            case "start":
                self.observer.started(step)
            case "progress":
                pace = Pace(**event.data["pace"]) if "pace" in event.data else None
                how = {key: value for key, value in event.data.items() if key != "pace"}
                self.observer.progressed(step, **how, pace=pace)
            case "done":
                self._remove(step)
                self.done.append(step)
                self.observer.finished(step)
            case "failed":
                self._fail(step, Failure(**event.data))

    def _fail(self, step: Step, failure: Failure) -> None:
        self._remove(step)
        self.failures[step.key] = failure
        self.failed.append(step)
        self.observer.failed(step, failure)

    def _remove(self, step: Step) -> None:
        self.todo = [other for other in self.todo if other is not step]

    def _check_progress(self, batch: tuple[Step, ...]) -> None:
        """A job that ended without a word about any of its steps fails the first."""
        if all(any(step is other for other in self.todo) for step in batch):
            failure = Failure(kind="crash", message="the worker process did not start", hint="")
            self._fail(batch[0], failure)
