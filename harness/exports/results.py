"""What every exporter is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.home import default_home
from harness.records import Cell, Sample, Summary
from harness.results.baselines import results_folder
from harness.results.prompts import prompt_texts
from harness.results.store import ResultsStore, read_summary
from harness.suite.schema import TASK_TYPES


@dataclass(frozen=True)
class Results:
    """A summary, and the answers that lie beside it."""

    summary: Summary
    store: ResultsStore
    with_answers: bool = False
    """Whether answers are wanted, too."""
    organization: str = "unknown"
    """Who ran this, for formats that ask."""

    @property
    def suite(self) -> str:
        """The suite's name: of letters, digits and . _ + -."""
        return str(self.summary.suite["name"])

    def cells(self, *, timed: bool | None = None) -> list[Cell]:
        """The cells that have figures; only those of timed tasks, or only those of others."""
        return [
            cell
            for cell in self.summary.cells
            if cell.status == "ok" and timed in (None, self.is_timed(cell.task))
        ]

    def is_timed(self, task: str) -> bool:
        """Whether a task measures time."""
        return TASK_TYPES[self.summary.tasks[task].type].timed

    def answers(self, cell: Cell) -> list[Sample]:
        """The samples of a cell, by index; none where the summary stands alone."""
        return self.store.cell(cell.model, cell.task).samples(cell.samples_key)

    def prompts(self, cell: Cell) -> Mapping[str, str]:
        """What a cell was asked, word for word, by example; none where that was not kept."""
        kept = prompt_texts(self.store.folder, cell.prompts, self.store.all_kept(), default_home())
        return {} if kept is None else kept.texts

    def failures(self) -> Iterator[str]:
        """Every failed cell with its reason, for whoever reads that it is missing."""
        for cell in self.summary.cells:
            if cell.status == "failed":
                reason = cell.error.message if cell.error else "no reason is kept"
                yield f"{cell.model}/{cell.task} failed and has no figures: {reason}"


@dataclass(frozen=True)
class Exported:
    """What was written, and what a reader must be told of it."""

    files: tuple[Path, ...]
    """In the order in which a reader would open them; a folder where a library wrote many."""
    notes: tuple[str, ...] = ()
    """Sentences: what was left out, and why."""


def read_results(
    path: Path, *, with_answers: bool = False, organization: str = "unknown"
) -> Results:
    """The results in a folder, or of a `summary.json`.

    Raises:
        InputError: there are none.
    """
    summary = read_summary(path)
    return Results(summary, ResultsStore(results_folder(path)), with_answers, organization)
