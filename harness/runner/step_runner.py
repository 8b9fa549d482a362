"""Does the steps of a job inside a worker process: artifacts here, cells in `cells`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from harness.engines.permissions import Permissions, granted
from harness.locks import Waits
from harness.results.artifacts import ArtifactStore
from harness.runner.findings import refusal
from harness.runner.handlers import Handler, handler_of
from harness.runner.jobs import Job, Progress, StepJob

if TYPE_CHECKING:
    from harness.runner.cells.runner import CellRunner


class StepRunner:
    """Runs steps one after the other; an engine stays loaded while the next step wants it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._store = ArtifactStore(Path(job.home))
        self._cells: CellRunner | None = None

    def do(self, job: StepJob, progress: Progress, waits: Waits = lambda who: None) -> None:
        """Does one step; raises what keeps it from being done. `waits` is told who is at the same already."""
        allowed = {
            Path(job.inputs[role]): Permissions(**given) for role, given in job.permissions.items()
        }
        with granted(allowed):
            self._do(job, progress, waits)

    def _do(self, job: StepJob, progress: Progress, waits: Waits) -> None:
        if job.step.row.gives == "answers":
            self._answer(job, progress)
            return
        with self._store.making(job.step, f"for {self._job.results}", waits) as out:
            if out is not None:
                handler: Handler = handler_of(job.step.row)
                started = time.perf_counter()
                outcome = handler(job, out, self._job.threads, progress)
                self._store.commit(job.step, out, outcome, time.perf_counter() - started)
        manifest = self._store.manifest(job.step)
        reason = refusal(manifest, job.step) if manifest is not None else None
        if reason is not None:
            raise reason

    def _answer(self, job: StepJob, progress: Progress) -> None:
        if self._cells is None:
            runner, of = handler_of(job.step.row), self._job
            self._cells = runner(Path(of.results), of.threads, Path(of.home), of.halvings)
        self._cells.run(job, progress)

    def close(self) -> None:
        """Frees the engine."""
        if self._cells is not None:
            self._cells.close()
