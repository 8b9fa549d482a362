"""The walk through a cell: samples are appended as they come, and the result is written last."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness.appended import Appended
from harness.plan.cell_params import CellParams
from harness.results.store import ResultsStore
from harness.runner.cells.answerers import Answerers
from harness.runner.cells.asked import AskedWork
from harness.runner.cells.load import LoadWork
from harness.runner.cells.part import PartWork
from harness.runner.cells.parts import Parts
from harness.runner.cells.timed import TimedWork
from harness.runner.cells.work import CellWork, Means
from harness.runner.jobs import Progress, StepJob
from harness.runner.steady import steadily
from harness.sealed import sealed_line
from harness.suite.schema import type_of

_WORK: Mapping[str | None, Callable[[StepJob, Any, Means], CellWork]] = {
    None: AskedWork,
    "passes": TimedWork,
    "requests": LoadWork,
}
"""By what a type of task times."""


class CellRunner:
    """Runs cells, and rounds of cells, of one model; the engine is opened once where it can be."""

    def __init__(self, results: Path, threads: int, home: Path, halvings: int = 0) -> None:
        self._means = Means(ResultsStore(results), home, threads, Answerers(), halvings)

    def close(self) -> None:
        """Frees the engine."""
        self._means.answerers.close()

    def run(self, job: StepJob, progress: Progress) -> None:
        """Answers what is still open of a cell; writes its result where nothing else is open."""
        spec = job.step.given(CellParams).task
        of = PartWork if job.step.kind == "part" else _WORK[type_of(spec).times]
        work = of(job, spec, self._means)
        work.folder.start(work.keep(work.folder.samples(work.key)))
        progress(work.begun, work.total, work.noun)
        parts = Parts(work.folder.folder, work.key)
        if not work.is_complete:
            steadily(job.inputs.values(), work.open, self._means.answerers.close)
            _answer(work, parts, progress)
        cell = work.result(progress)
        if cell is not None:
            work.folder.finish(cell)
            if not work.keeps_account:
                parts.forget()


def _answer(work: CellWork, parts: Parts, progress: Progress) -> None:
    begun, count = work.begun, 0
    started = time.perf_counter()
    with Appended(work.folder.samples_file) as lines, parts:
        for count, sample in enumerate(work.samples(), start=1):
            lines.line(sealed_line(sample.model_dump_json()))
            pace = work.pace(count, time.perf_counter() - started)
            if pace is not None:
                parts.note(pace)
            progress(begun + count, work.total, work.noun, pace)
    work.close(count, time.perf_counter() - started, parts.earlier)
