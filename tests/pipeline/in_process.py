"""Jobs done in the test's own process: the same steps on the same plain data, without starting Python anew.

A worker imports torch, Transformers and llama.cpp in some five seconds, and a suite takes a dozen of
them. What worker processes are for (crashes, limits, a memory of their own) is tested elsewhere.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import HarnessError
from harness.runner.jobs import Event, Job, Pace
from harness.runner.step_runner import StepRunner
from tests.becoming import read_little_memory


def run_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the local executor do its jobs here, and read little memory where they time it."""
    read_little_memory(monkeypatch.setattr)
    monkeypatch.setattr("harness.runner.local.run_job", _run)


def _run(
    job: Job, log: Path, timeout: float, hear: Callable[[Event], None], stop: threading.Event
) -> None:
    job = Job.from_json(job.to_json())
    runner = StepRunner(job)
    failed: set[str] = set()
    for task in job.steps:
        key = task.step.key
        if stop.is_set() or failed & task.step.needs:
            failed.add(key)
            continue
        hear(Event(key, "start"))
        try:
            runner.do(task, _silent)
        except HarnessError as error:
            failed.add(key)
            failure = {"kind": error.kind, "message": error.message, "hint": error.hint}
            hear(Event(key, "failed", failure))
        else:
            hear(Event(key, "done"))
    runner.close()


def _silent(done: int, total: int, unit: str, pace: Pace | None = None) -> None:
    pass
