"""Event loops whose clock jumps to the next thing that is to happen, and servers of known queues in them."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from harness.tasks.load.loops import Course

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Waits no time at all, and moves the clock instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "nothing is left to happen, and somebody waits"
        self.now += max(timeout, 0.0)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Seconds pass only where nothing else can be done."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


def in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)


@dataclass(frozen=True)
class Answered:
    failed: bool = False


@dataclass
class Queue:
    """So many slots, first come first served; a request takes what `service` says of its number.

    `stall` are two moments between which nothing is worked on.
    """

    slots: int
    service: Callable[[int], float]
    stall: tuple[float, float] = (0.0, 0.0)
    fails: Callable[[int], bool] = lambda number: False
    began: float = 0.0
    inside: int = 0
    area: float = 0.0
    """Requests in the system, integrated over time: what Little's law is about."""
    changed: float = 0.0
    latencies: dict[int, float] = field(default_factory=dict)

    async def ask(self, number: int) -> Answered:
        clock = asyncio.get_running_loop().time
        came = clock()
        with self._counted():
            async with self._places():
                await self._work(self.service(number))
        self.latencies[number] = clock() - came
        return Answered(self.fails(number))

    def _places(self) -> asyncio.Semaphore:
        if not hasattr(self, "_semaphore"):
            self._semaphore = asyncio.Semaphore(self.slots)
        return self._semaphore

    async def _work(self, seconds: float) -> None:
        begin, end = self.stall
        now = asyncio.get_running_loop().time()
        if begin <= now < end:
            seconds += end - now
        elif now < begin < now + seconds:
            seconds += end - begin
        await asyncio.sleep(seconds)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._note(1)
        try:
            yield
        finally:
            self._note(-1)

    def _note(self, change: int) -> None:
        now = asyncio.get_running_loop().time()
        self.area += self.inside * (now - self.changed)
        self.changed, self.inside = now, self.inside + change


def by_number(course: Course[Answered]) -> list[Any]:
    return sorted(course.turns, key=lambda turn: turn.number)
