"""One job in a worker process: hears its events, and ends it in time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from harness.errors import CrashError, HarnessError, StepTimeoutError
from harness.records import Failure
from harness.runner.child import Child
from harness.runner.jobs import Event, Job

POLL_SECONDS = 0.5
QUIET_SECONDS = 30.0
"""How long a worker may take to begin its first step, and to end after its last."""


def run_job(
    job: Job,
    log: Path,
    timeout_seconds: float,
    hear: Callable[[Event], None],
    stop: threading.Event,
) -> None:
    """Runs a job in a process of its own until it ends.

    Every step that was started is answered with one `done`, `failed` or `died` event, also when the
    process dies, takes too long, or says what nobody understands; so is the first one where none was
    started. Others that were not started are not mentioned.

    Args:
        job: what to do.
        log: where what the process prints goes.
        timeout_seconds: for each step.
        hear: called with each event, in this thread.
        stop: when set, the process is killed and this returns.
    """
    child = Child("harness.runner.worker", log, job.threads, job.alone, job.network)
    try:
        child.send(job.to_json())
        heard = _Heard(job, timeout_seconds)
        told = _listen(child, heard, hear, stop)
        if told is not None:
            hear(told)
    finally:
        child.kill()


class _Heard:
    """What a job's worker has said so far: which step it is at, and until when it may take."""

    def __init__(self, job: Job, timeout_seconds: float) -> None:
        self._keys = frozenset(one.step.key for one in job.steps)
        self.timeout = timeout_seconds
        self.current = job.steps[0].step.key
        """The step that an end of the process would fail: the first one until one was started."""
        self._deadline = time.monotonic() + max(timeout_seconds, QUIET_SECONDS)

    @property
    def is_late(self) -> bool:
        """Whether what it is at takes too long."""
        return time.monotonic() > self._deadline

    def understood(self, line: str) -> Event:
        """The event that a line is.

        Raises:
            ValueError: it is none, or of no step of this job.
        """
        event = Event.from_json(line)
        if event.step not in self._keys or (event.event != "start" and event.step != self.current):
            raise ValueError("it is of a step that was not started")
        now = time.monotonic()
        if event.event == "start":
            self.current, self._deadline = event.step, now + self.timeout
        elif event.event == "waits":  # for another process, which has limits of its own
            self._deadline = float("inf") if event.data["message"] else now + self.timeout
        elif event.event != "progress":
            self.current, self._deadline = "", now + QUIET_SECONDS
        return event


def _listen(
    child: Child, heard: _Heard, hear: Callable[[Event], None], stop: threading.Event
) -> Event | None:
    """Hears a worker until it ends, or has to be ended; what that says of the step that it was at."""
    while not stop.is_set():
        child.look()
        try:
            line = child.lines.get(timeout=POLL_SECONDS)
        except queue.Empty:
            line = ""
        if line is None:
            return _ended(heard.current, "died", child.death()) if heard.current else None
        if line:
            try:
                hear(heard.understood(line))
            except ValueError:
                return _ended(heard.current, "failed", _not_understood(line))
        if heard.is_late:
            slow = _too_slow(heard.timeout)
            return _ended(heard.current, "failed", slow) if heard.current else None
    return None


def _ended(step: str, how: Literal["failed", "died"], error: HarnessError) -> Event:
    failure = Failure(kind=error.kind, message=error.message, hint=error.hint)
    return Event(step, how, failure.model_dump())


def _not_understood(line: str) -> HarnessError:
    said = line[:80].strip()
    return CrashError(
        f"the worker said what is no event, and was ended: {said!r}",
        "Something in it writes where only the harness does: a library, or memory that was overwritten.",
    )


def _too_slow(timeout_seconds: float) -> HarnessError:
    return StepTimeoutError(
        f"stopped after {timeout_seconds:g} seconds",
        "Raise `defaults.timeout` in the suite, or lower `limit`.",
    )
