"""Does the steps of a job inside a worker process: artifacts here, cells in `cell_runner`."""

from __future__ import annotations

import time
from pathlib import Path

from harness.engines.permissions import Permissions, granted
from harness.results.artifacts import ArtifactStore
from harness.results.store import ResultsStore
from harness.runner.cell_runner import CellRunner
from harness.runner.findings import refusal
from harness.runner.jobs import Job, Progress, StepJob
from harness.runner.steps import HANDLERS


class StepRunner:
    """Runs steps one after the other; an engine stays loaded while the next step wants it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._store = ArtifactStore(Path(job.home))
        self._cells = CellRunner(Path(job.results), job.threads, Path(job.home))

    def do(self, job: StepJob, progress: Progress) -> None:
        """Does one step; raises what keeps it from being done."""
        allowed = {
            Path(job.inputs[role]): Permissions(**given) for role, given in job.permissions.items()
        }
        with granted(allowed):
            self._do(job, progress)

    def _do(self, job: StepJob, progress: Progress) -> None:
        if job.step.is_timing:
            from harness.runner.speed_runner import run_round

            run_round(job, ResultsStore(Path(self._job.results)), self._job.threads, progress)
            return
        if job.step.kind == "cell":
            self._cells.run(job, progress)
            return
        with self._store.making(job.step) as out:
            if out is not None:
                started = time.perf_counter()
                outcome = HANDLERS[job.step.kind](job, out, self._job.threads, progress)
                self._store.commit(job.step, out, outcome, time.perf_counter() - started)
        manifest = self._store.manifest(job.step)
        reason = refusal(manifest, job.step) if manifest is not None else None
        if reason is not None:
            raise reason

    def close(self) -> None:
        """Frees the engine."""
        self._cells.close()
