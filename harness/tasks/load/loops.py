"""When requests are sent: in a closed loop by users who wait for their answer, in an open one by the clock.

A closed loop sends less while the server is slow, so that it hardly sees a stall ("coordinated
omission", Tene, "How NOT to measure latency", 2013). An open loop sends when it is time, and what a
request waited counts from when it should have been sent, whether the client got to it then or not.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import numpy as np

MOST_OPEN = 512
"""Requests of an open loop that are under way at once; more wait here, and their wait counts."""
JUDGED_FROM = 10
"""Requests of a level from which on its share of failures can end it."""


class Outcome(Protocol):
    """What came of a request."""

    @property
    def failed(self) -> bool:
        """Whether there is no answer."""


Of = TypeVar("Of", bound=Outcome)
Ask = Callable[[int], Awaitable[Of]]
"""Sends the request of a number, and gives what came of it."""


@dataclass(frozen=True)
class Turn(Generic[Of]):
    """One request; moments are seconds since the level began.

    Attributes:
        number: its place in the order in which requests were due.
        due: when it should have been sent; of a closed loop, when it was.
        sent: when it was.
        ended: when it was answered, or failed.
        outcome: what came of it.
    """

    number: int
    due: float
    sent: float
    ended: float
    outcome: Of


@dataclass
class Bounds:
    """What ends a level before all its requests are sent.

    Attributes:
        requests: at most.
        seconds: after which nothing more is sent.
        max_errors: the share of requests that may fail.
    """

    requests: int
    seconds: float
    max_errors: float
    answered: int = 0
    failed: int = 0

    def note(self, failed: bool) -> None:
        """Counts a request that is over."""
        self.answered += 1
        self.failed += failed

    @property
    def too_many_errors(self) -> bool:
        """Whether more failed than may."""
        least = min(JUDGED_FROM, self.requests)
        return self.answered >= least and self.failed > self.max_errors * self.answered


@dataclass
class Course(Generic[Of]):
    """How a level went: its requests, and what ended it ("" where all were sent)."""

    turns: list[Turn[Of]] = field(default_factory=list)
    stopped: str = ""


async def closed_loop(users: int, bounds: Bounds, ask: Ask[Of]) -> Course[Of]:
    """Each user asks, waits for the answer, and asks again."""
    clock = asyncio.get_running_loop().time
    start, course, numbers = clock(), Course[Of](), itertools.count()

    async def user() -> None:
        while not (stop := _stop(bounds, clock() - start)):
            number = next(numbers)
            if number >= bounds.requests:
                return
            await _turn(number, None, start, course, bounds, ask)
        course.stopped = stop

    async with asyncio.TaskGroup() as group:
        for _ in range(users):
            group.create_task(user())
    return course


async def open_loop(dues: Sequence[float], bounds: Bounds, ask: Ask[Of]) -> Course[Of]:
    """Sends each request when it is due, whether earlier ones are answered or not.

    Args:
        dues: seconds from now on, rising.
        bounds: of which `requests` is not read.
        ask: sends one.
    """
    clock = asyncio.get_running_loop().time
    start, course = clock(), Course[Of]()
    places = asyncio.Semaphore(MOST_OPEN)

    async def one(number: int, due: float) -> None:
        async with places:
            await _turn(number, due, start, course, bounds, ask)

    async with asyncio.TaskGroup() as group:
        for number, due in enumerate(dues):
            await asyncio.sleep(max(0.0, start + due - clock()))
            if stop := _stop(bounds, due):
                course.stopped = stop
                break
            group.create_task(one(number, due))
    return course


def poisson(rate: float, requests: int, seconds: float, seed: Sequence[int]) -> list[float]:
    """When requests of a Poisson process are due: seconds from its beginning, the first after a wait, too.

    Args:
        rate: requests per second.
        requests: at most.
        seconds: after which none is due.
        seed: of the random waits.
    """
    waits = np.random.default_rng(seed).exponential(1 / rate, requests)
    dues = np.cumsum(waits)
    return [float(due) for due in dues if due <= seconds]


def _stop(bounds: Bounds, now: float) -> str:
    if bounds.too_many_errors:
        return "errors"
    return "seconds" if now >= bounds.seconds else ""


async def _turn(
    number: int, due: float | None, start: float, course: Course[Of], bounds: Bounds, ask: Ask[Of]
) -> None:
    clock = asyncio.get_running_loop().time
    sent = clock() - start
    outcome = await ask(number)
    bounds.note(outcome.failed)
    ended = clock() - start
    course.turns.append(Turn(number, sent if due is None else due, sent, ended, outcome))
