"""A part of a cell that several workers ask: its own share of the examples, in a folder of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from harness.plan.cell_params import PartParams
from harness.records import Cell, Sample
from harness.runner.cells.asked import AskedWork
from harness.runner.cells.lent import lent
from harness.runner.cells.work import Means
from harness.runner.jobs import Pace, Progress, StepJob
from harness.suite.schema import TaskSpec


class PartWork(AskedWork):
    """Asks what falls to it and nobody has answered yet; the cell joins what all parts answered, and grades it."""

    keeps_account: ClassVar[bool] = True

    def __init__(self, job: StepJob, spec: TaskSpec, means: Means) -> None:
        super().__init__(job, spec, means)
        params = job.step.given(PartParams)
        self._whole, self._number = self.folder, params.part
        self.folder = means.results.of(job.step)
        self._share = (params.part - 1, params.parts)
        self._before = self.folder.noted()
        self._elsewhere = frozenset[int]()
        """Prompts that were answered, but not by this part."""

    def keep(self, samples: Sequence[Sample]) -> list[Sample]:
        self._kept = list(samples)
        own = frozenset(sample.index for sample in samples)
        there = [sample.index for sample in self._whole.samples(self.key)]
        loan = lent(self._job, self._whole, self._prompts, {*own, *there})
        self._elsewhere = frozenset([*there, *(sample.index for sample in loan.samples)]) - own
        return self._kept

    @property
    def _done(self) -> frozenset[int]:
        return super()._done | self._elsewhere

    @property
    def begun(self) -> int:
        """Of all the cell's; the first part counts what no part of today answered, too."""
        return len(self._kept) + (len(self._earlier) if self._number == 1 else 0)

    @property
    def _earlier(self) -> frozenset[int]:
        todays = (self._whole.part(number) for number in range(1, self._share[1] + 1))
        return self._elsewhere - {of.index for part in todays for of in part.samples(self.key)}

    @property
    def is_complete(self) -> bool:
        noted = self._before is not None and self._before.key == self._job.step.key
        return noted or len(self._done) == self.total

    def close(self, count: int, seconds: float, earlier: Pace) -> None:
        super().close(count, seconds, earlier)
        assert self._before is not None
        self._before = self._before.model_copy(update={"answers": self.key, "n": count})

    def result(self, progress: Progress) -> Cell:
        if self._before is None or self._before.key != self._job.step.key:
            return self._nothing()
        return self._before
