"""The executor for this machine: every job is a worker process here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.runner.jobs import Event, Job
from harness.runner.process import run_job


@dataclass(frozen=True)
class LocalExecutor:
    """Runs jobs in worker processes (`harness.runner.walk.Executor`)."""

    timeout_seconds: float
    """For each step."""
    one_machine: ClassVar[bool] = True

    def run(self, job: Job, hear: Callable[[Event], None], stop: threading.Event) -> None:
        """What the worker prints goes to `logs`, beside the results."""
        log = Path(job.results) / "logs" / f"{job.name}.log"
        run_job(job, log, self.timeout_seconds, hear, stop)
