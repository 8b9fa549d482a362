"""What the walk through a cell asks of the way in which its samples come about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from harness.records import Cell, Sample
from harness.results.cell_folder import CellFolder
from harness.results.store import ResultsStore
from harness.runner.cells.answerers import Answerers
from harness.runner.jobs import Pace, Progress


@dataclass(frozen=True)
class Means:
    """What a worker has to answer cells with."""

    results: ResultsStore
    home: Path
    """Of the harness."""
    threads: int
    answerers: Answerers
    halvings: int = 0
    """Of batches, before they are run (`harness.runner.jobs.Job`)."""


class CellWork(ABC):
    """One step of one cell: what is still open of it, and what its samples amount to.

    The methods are called in the order in which they stand here; those from `open` to `close` only
    where `is_complete` is false.
    """

    noun: ClassVar[str]
    """What is counted."""
    keeps_account: ClassVar[bool] = False
    """Whether what took how long stays noted when it has ended, for whoever joins it with others."""
    folder: CellFolder
    key: str
    """That its samples carry."""
    total: int
    """Samples of this step."""

    @abstractmethod
    def keep(self, samples: Sequence[Sample]) -> list[Sample]:
        """Those samples that hold; nothing else of the cell is left on disk."""

    @property
    @abstractmethod
    def begun(self) -> int:
        """How many of `total` are kept."""

    @property
    @abstractmethod
    def is_complete(self) -> bool:
        """Whether the model need not be opened."""

    @abstractmethod
    def open(self) -> None:
        """Loads what answers."""

    @abstractmethod
    def samples(self) -> Iterator[Sample]:
        """What is still open, as it is answered."""

    def pace(self, count: int, seconds: float) -> Pace | None:
        """How fast samples come, where that can be told."""
        return None

    @abstractmethod
    def close(self, count: int, seconds: float, earlier: Pace) -> None:
        """Notes what took how long, once the last of `count` new samples is written.

        `earlier` is what workers did of this that were interrupted, where `pace` tells it.
        """

    @abstractmethod
    def result(self, progress: Progress) -> Cell | None:
        """The cell; None where other steps have to come first."""
