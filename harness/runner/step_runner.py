"""Does the steps of a job inside a worker process: artifacts here, cells in `cells`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.engines.permissions import Permissions, granted
from harness.files import empty
from harness.locks import Waits
from harness.results.artifacts import ArtifactStore
from harness.runner.findings import refusal
from harness.runner.handlers import Handler, handler_of
from harness.runner.jobs import Job, Progress, StepJob
from harness.runner.steady import steadily

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
        wanted = f"for {self._job.results}"
        with self._store.making(job.step, wanted, waits, job.replaces) as out:
            if out is not None:
                started = time.perf_counter()
                outcome = self._made(job, out, progress)
                self._store.commit(job.step, out, outcome, time.perf_counter() - started)
        manifest = self._store.manifest(job.step)
        reason = refusal(manifest, job.step) if manifest is not None else None
        if reason is not None:
            raise reason

    def _made(self, job: StepJob, out: Path, progress: Progress) -> dict[str, Any]:
        handler: Handler = handler_of(job.step.row)

        def make() -> dict[str, Any]:
            return handler(job, out, self._job.threads, progress)

        if (
            job.step.kind == "finetune"
        ):  # it has read its model when it begins, and goes on from that
            return make()
        return steadily(job.inputs.values(), make, lambda: empty(out))

    def _answer(self, job: StepJob, progress: Progress) -> None:
        if self._cells is None:
            runner, of = handler_of(job.step.row), self._job
            self._cells = runner(Path(of.results), of.threads, Path(of.home), of.halvings)
        self._cells.run(job, progress)

    def close(self) -> None:
        """Frees the engine."""
        if self._cells is not None:
            self._cells.close()
