"""The two ways of a job to a node and back: through folders that all nodes share, or through a store alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from harness.executors.away import work_away
from harness.executors.mirror import Piece, Receiver
from harness.executors.node import work
from harness.executors.packing import Packer
from harness.results.store import ResultsStore
from harness.runner.jobs import Event, Job


class Way(Protocol):
    """What a node is given to do, and what becomes of what it tells."""

    work: Callable[..., Iterator[Any]]

    @property
    def arguments(self) -> tuple[Any, ...]:
        """What it is called with there."""

    def event(self, told: Any) -> Event | None:
        """The event that a node tells; None where it is something else."""


class SharedFolders:
    """A node sees this machine's folders, and writes into them."""

    work = staticmethod(work)

    def __init__(
        self, job: Job, timeout_seconds: float, software: Mapping[str, str], token: str
    ) -> None:
        self.arguments = (job.to_json(), timeout_seconds, dict(software), token)

    def event(self, told: Any) -> Event | None:
        """The only thing that it tells."""
        return Event.from_json(told)


class ThroughStore:
    """A node has only the store in common with this machine."""

    work = staticmethod(work_away)

    def __init__(self, job: Job, packer: Packer) -> None:
        """Of a job, which is packed when it is given out."""
        self._job, self._packer = job, packer
        self._shared = packer.shared
        self._steps = {one.step.key: one.step for one in job.steps}
        results = Path(job.results)
        of = (one.step for one in job.steps if one.step.row.gives == "answers")
        places = (ResultsStore(results).of(step).folder.relative_to(results) for step in of)
        self._receiver = Receiver(
            results.parent, results.name, frozenset(map(PurePosixPath, places))
        )

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The job, packed. Raises StoreError."""
        return (self._packer.pack(self._job),)

    def event(self, told: Any) -> Event | None:
        """Writes what it tells of files; what it has made is in the store from then on."""
        if isinstance(told, bytes):
            self._receiver.take(Piece.from_bytes(told))
            return None
        event = Event.from_json(told)
        if event.event == "done" and self._steps[event.step].row.is_artifact:
            self._shared.made(self._steps[event.step])
        return event
