"""Walks the graph: gives jobs to an executor as their parents come to be done.

The walker decides what is next and what a failure takes with it; an executor only runs jobs.
"""

from __future__ import annotations

import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Literal, Protocol

from harness.plan.steps import Step
from harness.records import Failure
from harness.runner.jobs import Event, Job, Pace, progress_of
from harness.runner.ready import Batch, ReadySteps

Word = Literal["waits", "again"]
"""A step waits for another process; or its worker died, and it is tried once more."""
TRIED_AGAIN = frozenset({"killed", "out-of-memory"})
"""Kinds of deaths of a worker that may not come again: ended from outside, or with batches that were too
large."""


class Executor(Protocol):
    """Runs jobs somewhere; one call at a time per job, several jobs side by side."""

    @property
    def one_machine(self) -> bool:
        """Whether all jobs share a machine, so that what is timed has to wait until nothing else
        runs; else the executor sees to that."""

    def run(self, job: Job, hear: Callable[[Event], None], stop: threading.Event) -> None:
        """Does a job's steps in order; tells of every step that it started how it ended: `done`, `failed`, or
        `died` where its process did."""


class Observer(Protocol):
    """Hears what happens; the command line's shows it."""

    def started(self, step: Step) -> None: ...
    def progressed(
        self, step: Step, done: int, total: int, unit: str, pace: Pace | None = None
    ) -> None: ...
    def noted(self, step: Step, word: Word, why: str) -> None: ...
    def finished(self, step: Step) -> None: ...
    def failed(self, step: Step, failure: Failure) -> None: ...


class Quiet:
    """An observer that says nothing."""

    def started(self, step: Step) -> None: ...
    def progressed(
        self, step: Step, done: int, total: int, unit: str, pace: Pace | None = None
    ) -> None: ...
    def noted(self, step: Step, word: Word, why: str) -> None: ...
    def finished(self, step: Step) -> None: ...
    def failed(self, step: Step, failure: Failure) -> None: ...


HALVINGS = 2
"""A worker that ran out of memory is tried again with batches of a quarter."""
Told = queue.Queue[tuple[int, Event] | None]
"""What workers say of the steps of a walk, by number; None: a job has ended."""


class Walk:
    """A walk over steps in the order that they are wanted in."""

    def __init__(
        self,
        todo: Sequence[Step],
        build: Callable[[tuple[Step, ...]], Job],
        executor: Executor,
        observer: Observer,
        jobs: int = 1,
    ) -> None:
        """Prepares a walk.

        Args:
            todo: what is to be done; a parent that is not in it counts as done.
            build: makes a job of steps that one worker does.
            executor: runs the jobs.
            observer: hears how it goes.
            jobs: how many run side by side.
        """
        self.done: list[Step] = []
        self.failed: list[Step] = []
        self.failures: dict[str, Failure] = {}
        """By step key: what failed by itself or because of a parent."""
        self._todo, self._build, self._executor, self._observer = todo, build, executor, observer
        self._jobs = jobs
        self._ready = ReadySteps(todo, executor.one_machine)
        self._running: dict[Future[None], Batch] = {}
        self._again: set[int] = set()
        """Steps of running jobs that are to be tried once more."""
        self._deaths: dict[int, Failure] = {}
        """By number of a step whose worker died: why. It is tried once more."""
        self._origins: dict[str, str] = {}
        """By key of a step whose failure others inherit under its name: its label."""
        self._children: dict[str, list[int]] = defaultdict(list)
        for number, step in enumerate(todo):
            for key in step.needs:
                self._children[key].append(number)

    @property
    def left(self) -> list[Step]:
        """Steps that were neither done nor failed."""
        return [self._todo[number] for number in self._ready.left()]

    def fail(self, step: Step, failure: Failure) -> None:
        """Takes the failure of a step, perhaps of one that was tried before the walk."""
        if step.kind not in ("round", "part"):  # their failure is their cell's own
            # What is wrong with a model is one message, whatever it was to be asked.
            of_model = step.kind == "prompts" and failure.kind == "bad-model"
            self._origins[step.key] = step.group if of_model else step.label
        self._note(step, failure)
        self._fail_children(step)

    def run(self) -> None:
        """Goes on until everything is done or failed.

        Raises:
            KeyboardInterrupt: after the running workers were stopped.
        """
        stop = threading.Event()
        told: Told = queue.Queue()
        with ThreadPoolExecutor(max_workers=self._jobs) as pool:
            try:
                while True:
                    while len(self._running) < self._jobs and (batch := self._ready.take()):
                        future = pool.submit(self._run_batch, batch, told, stop)
                        future.add_done_callback(lambda _: told.put(None))
                        self._running[future] = batch
                    if not self._running:
                        break
                    self._hear(told)
                    for future in [f for f in self._running if f.done()]:
                        self._drain(told)
                        future.result()
                        self._end_job(self._running.pop(future))
            except BaseException:
                stop.set()
                raise

    def _run_batch(self, batch: Batch, told: Told, stop: threading.Event) -> None:
        steps = tuple(self._todo[number] for number in batch)
        numbers = {step.key: number for step, number in zip(steps, batch, strict=True)}
        small = any(
            self._deaths[number].kind == "out-of-memory"
            for number in batch
            if number in self._deaths
        )
        job = replace(self._build(steps), halvings=HALVINGS if small else 0)
        self._executor.run(job, lambda event: told.put((numbers[event.step], event)), stop)

    def _end_job(self, batch: Batch) -> None:
        """What is left of a job is given out again; the first step of one that said nothing fails."""
        if all(map(self._ready.is_open, batch)) and not self._again.intersection(batch):
            failure = Failure(kind="crash", message="nothing was heard of its worker", hint="")
            self._ready.end(batch[0])
            self.fail(self._todo[batch[0]], failure)
        self._again.difference_update(batch)
        self._ready.give_back(batch)

    def _hear(self, told: Told) -> None:
        """Waits for one event, and takes it and all that came with it."""
        item = told.get()
        if item is not None:
            self._take(*item)
        self._drain(told)

    def _drain(self, told: Told) -> None:
        while True:
            try:
                item = told.get_nowait()
            except queue.Empty:
                return
            if item is not None:
                self._take(*item)

    def _take(self, number: int, event: Event) -> None:
        step = self._todo[number]
        match event.event:
            case "start":
                self._observer.started(step)
            case "progress":
                self._observer.progressed(step, *progress_of(event.data))
            case "waits":
                self._observer.noted(step, "waits", event.data["message"])
            case "done":
                self._ready.end(number)
                self.done.append(step)
                self._observer.finished(step)
            case "failed":
                self._ready.end(number)
                self.fail(step, Failure(**event.data))
            case "died":
                self._bury(number, Failure(**event.data))

    def _bury(self, number: int, failure: Failure) -> None:
        """A step whose worker died is tried once more where that may end otherwise; then it fails."""
        if failure.kind in TRIED_AGAIN and number not in self._deaths:
            self._deaths[number] = failure
            self._again.add(number)
            self._observer.noted(self._todo[number], "again", failure.message)
            return
        if (before := self._deaths.get(number)) is not None:
            message = f"{failure.message}; tried twice, before that: {before.message}"
            failure = failure.model_copy(update={"message": message})
        self._ready.end(number)
        self.fail(self._todo[number], failure)

    def _note(self, step: Step, failure: Failure) -> None:
        self.failures[step.key] = failure
        self.failed.append(step)
        self._observer.failed(step, failure)

    def _fail_children(self, step: Step) -> None:
        """Steps that need one that failed fail too, with its reason."""
        fallen = [step.key]
        for key in fallen:
            for number in self._children.get(key, ()):
                if self._ready.is_open(number):
                    child = self._todo[number]
                    if step.kind == "prompts" and child.row.over_tasks and key == step.key:
                        continue  # it looks at what the other tasks ask
                    self._ready.end(number)
                    self._note(child, self._inherited(child))
                    fallen.append(child.key)

    def _inherited(self, child: Step) -> Failure:
        """A parent's failure as its child's: it begins with the name of what failed first."""
        parents = (*child.parents.values(), *child.after)
        parent = next(key for key in parents if key in self.failures)
        failure = self.failures[parent]
        if parent not in self._origins:
            return failure
        message = f"could not {self._origins[parent]}: {failure.message}"
        return failure.model_copy(update={"message": message})
