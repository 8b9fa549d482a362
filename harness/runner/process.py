"""One job in a worker process: hears its events, and ends it in time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

from harness.errors import HarnessError, StepTimeoutError
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

    Every step that was started is answered with one `done` or `failed` event, also when the
    process dies or takes too long; steps that were not started are not mentioned.

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
        _listen(child, timeout_seconds, hear, stop)
    finally:
        child.kill()


def _listen(
    child: Child, timeout_seconds: float, hear: Callable[[Event], None], stop: threading.Event
) -> None:
    current, deadline = "", time.monotonic() + max(timeout_seconds, QUIET_SECONDS)
    while not stop.is_set():
        try:
            line = child.lines.get(timeout=POLL_SECONDS)
        except queue.Empty:
            if time.monotonic() > deadline:
                if current:
                    hear(_failed(current, _too_slow(timeout_seconds)))
                return
            continue
        if line is None:
            break
        event = Event.from_json(line)
        hear(event)
        if event.event == "start":
            current, deadline = event.step, time.monotonic() + timeout_seconds
        elif event.event != "progress":
            current, deadline = "", time.monotonic() + QUIET_SECONDS
    if current and not stop.is_set():
        hear(_failed(current, child.death()))


def _failed(step: str, error: HarnessError) -> Event:
    failure = Failure(kind=error.kind, message=error.message, hint=error.hint)
    return Event(step, "failed", failure.model_dump())


def _too_slow(timeout_seconds: float) -> HarnessError:
    return StepTimeoutError(
        f"stopped after {timeout_seconds:g} seconds",
        "Raise `defaults.timeout` in the suite, or lower `limit`.",
    )
