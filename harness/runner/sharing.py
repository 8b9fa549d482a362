"""An executor with a shared store: what jobs read is fetched from it first, what they make is put there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from harness.disk import disk_fault
from harness.errors import HarnessError
from harness.locks import Waits
from harness.plan.steps import Step
from harness.records import Failure
from harness.results.artifacts import ArtifactStore
from harness.runner.jobs import Event, Job
from harness.runner.shared import SharedArtifacts, is_shared
from harness.runner.walk import Executor


@dataclass(frozen=True)
class SharingExecutor:
    """Runs jobs on this machine, with artifacts that others share (`harness.runner.walk.Executor`)."""

    executor: Executor
    steps: Mapping[str, Step]
    """By key: all whose artifacts jobs may read."""
    artifacts: ArtifactStore
    shared: SharedArtifacts
    again: frozenset[str] = frozenset()
    """Keys of steps that are done anew, whatever the store has."""
    borrowed: bool = False
    """Whether the machine is there for others, so that what it makes may be evicted once the store has it."""

    @property
    def one_machine(self) -> bool:
        return self.executor.one_machine

    def run(self, job: Job, hear: Callable[[Event], None], stop: threading.Event) -> None:
        """Does a job's steps, with what they read at hand."""
        steps = [one.step for one in job.steps]
        own = {step.key for step in steps}
        read = {key for step in steps for key in step.parents.values()} - own
        # What others have made since this run began need not be made again.
        wanted = [*map(self.steps.__getitem__, sorted(read)), *self._not_again(steps)]
        with ExitStack() as made:

            def give(step: Step, waits: Waits) -> None:
                if is_shared(step):
                    self.shared.give(step, waits, anew=step.key in self.again)
                    if self.borrowed:
                        made.enter_context(self.shared.using([step], waits))

            told = Telling(steps, hear, give)
            try:
                with self.shared.using(wanted, told.waits):
                    for step in steps:
                        for key in step.parents.values():
                            if key in read and self._lacks(self.steps[key]):
                                told.fail(step.key, _gone(self.steps[key], self.shared))
                    left = tuple(one for one in job.steps if told.may(one.step))
                    if left:
                        self.executor.run(replace(job, steps=left), told, stop)
            except OSError as error:
                if (fault := disk_fault(error)) is None:
                    raise
                told.fail(told.current, Failure(kind="disk-full", message=fault[0], hint=fault[1]))
            except HarnessError as error:
                told.fail(told.current, failure_of(error))

    def _not_again(self, steps: Sequence[Step]) -> list[Step]:
        return [step for step in steps if step.row.is_artifact and step.key not in self.again]

    def _lacks(self, step: Step) -> bool:
        return is_shared(step) and self.artifacts.here(step) is None


class Telling:
    """Passes a job's events on, each start once, and that a step is done when what it made is put away, too."""

    def __init__(
        self,
        steps: Sequence[Step],
        hear: Callable[[Event], None],
        give: Callable[[Step, Waits], None],
    ) -> None:
        """Begins with the first step.

        Args:
            steps: of the job.
            hear: is told.
            give: puts away what a step has made.
        """
        self._steps = {step.key: step for step in steps}
        self._hear, self._give = hear, give
        self._started: set[str] = set()
        self._fallen: set[str] = set()
        self.current = steps[0].key
        """The step that is being done, or the first."""

    def __call__(self, event: Event) -> None:
        step = self._steps[event.step]
        if not self.may(step):
            return
        self.current = event.step
        match event.event:
            case "start":
                self._start(event.step)
            case "failed":
                self._fallen.add(event.step)
                self._hear(event)
            case "done":
                try:
                    self._give(step, self.waits)
                except HarnessError as error:
                    self.fail(event.step, failure_of(error))
                else:
                    self._hear(event)
            case _:
                self._hear(event)

    def may(self, step: Step) -> bool:
        """Whether neither a step nor one that it needs has failed."""
        if step.needs & self._fallen:
            self._fallen.add(step.key)
        return step.key not in self._fallen

    def waits(self, who: str) -> None:
        """That the current step waits; "" when it goes on."""
        self._start(self.current)
        self._hear(Event(self.current, "waits", {"message": who and f"for {who}"}))

    def fail(self, key: str, failure: Failure) -> None:
        """That a step has failed; once."""
        if key not in self._fallen:
            self._start(key)
            self._fallen.add(key)
            self._hear(Event(key, "failed", failure.model_dump()))

    def _start(self, key: str) -> None:
        if key not in self._started:
            self._started.add(key)
            self._hear(Event(key, "start"))


def failure_of(error: HarnessError) -> Failure:
    """An error as a step's failure."""
    return Failure(kind=error.kind, message=error.message, hint=error.hint)


def _gone(step: Step, shared: SharedArtifacts) -> Failure:
    lines = shared.damaged.lines()
    why = lines[-1] if lines else f"{step.label}: it is neither here nor in {shared.store.url}"
    return Failure(
        kind="damaged-in-store",
        message=f"what it reads cannot be had: {why}",
        hint="The same command makes it again, and goes on from here.",
    )
