"""What a driver leaves on a cluster: its jobs, with what they told, until the same command comes back for them.

One object on the cluster has the jobs of a run (`harness.executors.keeper`); the driver asks it for what is new. A
driver that is gone asks no more: the jobs go on, and what they tell is kept for the next driver. After a while
without one all of it ends. Whoever drives is known by name, so that two never do.
"""

from __future__ import annotations

import os
import socket
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

from harness.runner.jobs import Event

ASK_SECONDS = 5.0
"""How often a driver says that it is there."""
GONE_SECONDS = 30.0
"""After how long without a word another one may take its place."""
UNTIL_ASKED_SECONDS = 60.0
"""How long a job is kept for a driver that lets its work end with it."""
LASTING = frozenset({"start", "done", "failed", "died"})
"""Events that another driver has to hear, too; of what else a driver has taken over nothing is kept."""


class LostError(Exception):
    """A job's worker or node is gone; what it had not done has to be done elsewhere."""


@dataclass(frozen=True)
class Driver:
    """Who drives."""

    id: str
    host: str
    pid: int

    @classmethod
    def this(cls) -> Driver:
        """This process, as one that has not driven before."""
        return cls(uuid4().hex, socket.gethostname(), os.getpid())

    def words(self) -> str:
        """As part of a sentence."""
        return f"process {self.pid} on {self.host}"


@dataclass(frozen=True)
class Ended:
    """How a job's work came to its end."""

    how: Literal["whole", "lost", "memory", "crash"]
    why: str = ""


Told = tuple[list[tuple[int, Any]], Ended | None]
"""What a job has told, by number, and how it ended once that is all."""


@dataclass
class _Job:
    about: str
    lasting: list[tuple[int, Any]] = field(default_factory=list)
    """What is kept of all that was taken over."""
    items: dict[int, Any] = field(default_factory=dict)
    """What was not."""
    count: int = 0
    ended: Ended | None = None


class Keeping:
    """The jobs of a run."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        """Of no driver yet.

        Args:
            seconds: for how long jobs are kept that nobody asks for.
            clock: seconds since some moment.
        """
        self.seconds = max(seconds, UNTIL_ASKED_SECONDS)
        self._clock, self._asked = clock, clock()
        self._driver: Driver | None = None
        self._jobs: dict[str, _Job] = {}

    def claim(self, driver: Driver, instead: str = "") -> Driver:
        """Who drives from now on: whoever asks, unless another one does.

        Args:
            driver: who asks.
            instead: the id of one who is known to be gone.
        """
        now, own = self._clock(), self._driver
        if own is None or own.id in (driver.id, instead) or now - self._asked >= GONE_SECONDS:
            self._driver, self._asked = driver, now
            return driver
        return own

    def is_driven_by(self, driver: Driver) -> bool:
        """Whether a driver still is the one; it is then known to be there."""
        if self._driver is None or self._driver.id != driver.id:
            return False
        self._asked = self._clock()
        return True

    @property
    def is_over(self) -> bool:
        """Whether nobody has asked for so long that all ends."""
        return self._clock() - self._asked >= self.seconds

    def left(self) -> dict[str, str]:
        """Jobs that have told something, by their names, with what their driver said of them; others are given out anew."""
        return {name: job.about for name, job in self._jobs.items() if job.count}

    def begin(self, name: str, about: str) -> None:
        """A job is there from now on."""
        self._jobs[name] = _Job(about)

    def tell(self, name: str, item: Any) -> None:
        """A job has told something."""
        if (job := self._jobs.get(name)) is not None:
            job.items[job.count] = item
            job.count += 1

    def end(self, name: str, ended: Ended) -> None:
        """A job has told all."""
        if (job := self._jobs.get(name)) is not None:
            job.ended = ended

    def told(self, name: str, since: int) -> Told:
        """What is new; all before `since` has been taken over, so that of it only events are kept that last."""
        job = self._jobs.get(name)
        if job is None:
            return [], Ended("lost", "the cluster no longer has it")
        for number in range(job.count - len(job.items), min(since, job.count)):
            item = job.items.pop(number)
            if _lasts(item):
                job.lasting.append((number, item))
        again = bisect_left(job.lasting, since, key=lambda one: one[0])
        return [*job.lasting[again:], *job.items.items()], job.ended

    def forget(self, name: str) -> None:
        """Nobody wants a job any more."""
        self._jobs.pop(name, None)

    def names(self) -> list[str]:
        """Of all jobs."""
        return list(self._jobs)


def _lasts(item: Any) -> bool:
    return isinstance(item, str) and Event.from_json(item).event in LASTING
