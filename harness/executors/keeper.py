"""The keeper of a run on a Ray cluster: an actor that owns the run's tasks, so that they outlive the driver."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.executors.keeping import Driver, Ended, Keeping, Told

WAIT_SECONDS = 20.0
"""How long it waits for news before it says that there are none."""
LOOK_SECONDS = 1.0


class Keeper:
    """Runs in a process of the cluster. Its methods are called by drivers, many at once."""

    def __init__(self, seconds: float) -> None:
        """Begins to keep; ends itself once nobody has asked for so many seconds."""
        self._keeping = Keeping(seconds, time.monotonic)
        self._given: dict[str, Any] = {}
        """By job: its task's answers."""
        self._listening: dict[str, asyncio.Task[None]] = {}
        self._news: dict[str, asyncio.Event] = {}
        self._ending: asyncio.Task[None] | None = None

    async def claim(self, driver: Driver, instead: str = "") -> Driver:
        """Who drives from now on (`Keeping.claim`)."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._end_when_over())
        return self._keeping.claim(driver, instead)

    async def left(self, driver: Driver) -> dict[str, str]:
        """Jobs to be taken over (`Keeping.left`); others are ended."""
        found = self._keeping.left()
        for name in self._keeping.names():
            if name not in found:
                self._drop(name)
        return found

    async def begin(
        self,
        driver: Driver,
        name: str,
        about: str,
        work: Callable[..., Iterator[Any]],
        arguments: tuple[Any, ...],
        options: Mapping[str, Any],
    ) -> bool:
        """Gives a job to the cluster; whether the driver still is the one."""
        if not self._keeping.is_driven_by(driver):
            return False
        import ray

        self._keeping.begin(name, about)
        self._news[name] = asyncio.Event()
        self._given[name] = ray.remote(work).options(**options).remote(*arguments)
        self._listening[name] = asyncio.create_task(self._listen(name, self._given[name]))
        return True

    async def told(self, driver: Driver, name: str, since: int) -> Told | None:
        """What is new (`Keeping.told`), waited for; None where another one drives."""
        if not self._keeping.is_driven_by(driver):
            return None
        found = self._keeping.told(name, since)
        if found == ([], None):
            news = self._news[name]
            news.clear()
            try:
                await asyncio.wait_for(news.wait(), WAIT_SECONDS)
            except TimeoutError:
                return found
            found = self._keeping.told(name, since)
        return found

    async def drop(self, driver: Driver, name: str) -> None:
        """Ends a job that nobody wants any more, unless it has ended."""
        if self._keeping.is_driven_by(driver):
            self._drop(name)

    async def end(self, driver: Driver) -> bool:
        """Ends all jobs; whether the driver still was the one, so that it may end this, too."""
        if not self._keeping.is_driven_by(driver):
            return False
        for name in self._keeping.names():
            self._drop(name)
        return True

    def _drop(self, name: str) -> None:
        import ray

        self._keeping.forget(name)
        self._news.pop(name).set()
        listening, given = self._listening.pop(name), self._given.pop(name)
        if not listening.done():
            listening.cancel()
            ray.cancel(given)

    async def _listen(self, name: str, given: Any) -> None:
        ended = Ended("whole")
        try:
            async for answer in given:
                self._keeping.tell(name, await answer)
                self._news[name].set()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # of Ray, and through it of the work
            ended = end_of(error)
        self._keeping.end(name, ended)
        if name in self._news:
            self._news[name].set()

    async def _end_when_over(self) -> None:
        import ray

        while not self._keeping.is_over:
            await asyncio.sleep(LOOK_SECONDS)
        for name in self._keeping.names():
            self._drop(name)
        ray.kill(ray.get_runtime_context().current_actor)


def end_of(error: Exception) -> Ended:
    """What an error of Ray says of a job."""
    import ray

    of, lines = ray.exceptions, str(error).strip().splitlines()
    if isinstance(error, of.OutOfMemoryError):
        return Ended("memory", lines[0] if lines else "")
    if isinstance(error, of.RayTaskError | of.RuntimeEnvSetupError):
        return Ended("crash", lines[-1] if lines else repr(error))
    if isinstance(error, of.RayError):
        return Ended("lost", lines[0] if lines else repr(error))
    return Ended("crash", repr(error))
