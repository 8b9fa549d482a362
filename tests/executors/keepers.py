"""A cluster that stands in, with a keeper whose jobs go on when their driver is gone; by threads, in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from harness.executors.keeping import Driver, Ended, Keeping, LostError
from harness.executors.nodes import Need, Node

POLL_SECONDS = 0.005


class KeptCluster:
    """What `RayCluster` and `Keeper` are together, on one machine: a job is a thread that tells its keeper.

    Where `work` runs is told by `at`, which is called in the job's thread before it begins.
    """

    def __init__(self, nodes: int = 2, seconds: float = 3600.0) -> None:
        self.clock = 0.0
        self.keeping = Keeping(seconds, lambda: self.clock)
        self.at: Callable[[int], None] = lambda number: None
        self.begun = 0
        self.gate = threading.Event()
        """Nothing more is told while it is not set."""
        self.gate.set()
        self.dead = ""
        """Id of the driver that is known to be gone."""
        self._up = [Node(str(number), f"node-{number}", cpus=1) for number in range(nodes)]
        self._lock, self._threads = threading.Condition(), list[threading.Thread]()

    def driven(self, driver: Driver | None = None) -> Drives:
        """The cluster, as a driver has it that has just come."""
        return Drives(self, driver or Driver.this())

    def begin(self, name: str, about: str, work: Any, arguments: tuple[Any, ...]) -> None:
        """Begins a job, and waits until it has told something: no other driver would take it over before that."""
        number, self.begun = self.begun, self.begun + 1
        told_any = threading.Event()

        def listen() -> None:
            self.at(number % len(self._up))
            ended = Ended("whole")
            told = work(*arguments)
            try:
                for one in told:
                    if told_any.is_set():
                        self.gate.wait()
                    with self._lock:
                        if name not in self.keeping.names():
                            return
                        self.keeping.tell(name, one)
                        self._lock.notify_all()
                    told_any.set()
            except LostError as error:
                ended = Ended("lost", str(error))
            finally:
                told.close()
                told_any.set()
                with self._lock:
                    self.keeping.end(name, ended)
                    self._lock.notify_all()

        with self._lock:
            self.keeping.begin(name, about)
        thread = threading.Thread(target=listen)
        self._threads.append(thread)
        thread.start()
        told_any.wait()

    def settle(self) -> None:
        """Waits until all jobs have told all."""
        for thread in self._threads:
            thread.join()


class DriverDied(BaseException):
    """A driver is gone: it says nothing more to anyone."""


class Drives:
    """A cluster, as one driver has it (`harness.executors.on_ray.Cluster`)."""

    def __init__(self, of: KeptCluster, driver: Driver) -> None:
        self._of, self.me = of, driver
        self.dies = False
        """Whether it says nothing more from now on."""
        self.heard: Callable[[Any], None] = lambda item: None
        """Called with what has come; may raise `DriverDied`."""

    def nodes(self) -> list[Node]:
        return self._of._up

    def join(self, instead: str = "") -> dict[str, str]:
        """Drives from now on (`RayCluster.join`); `instead` of one who is known to be gone."""
        with self._of._lock:
            assert self._of.keeping.claim(self.me, instead) == self.me, "another one drives"
            left = self._of.keeping.left()
            for name in set(self._of.keeping.names()) - set(left):
                self._of.keeping.forget(name)
            return left

    def run(
        self,
        work: Callable[..., Iterator[Any]],
        arguments: tuple[Any, ...],
        need: Need,
        node: Node | None,
        stop: threading.Event,
        about: str = "",
    ) -> Iterator[Any]:
        name = uuid4().hex
        self._of.begin(name, about, work, arguments)
        yield from self.resume(name, stop)

    def resume(self, name: str, stop: threading.Event) -> Iterator[Any]:
        since, ended = 0, None
        try:
            while ended is None and not stop.is_set():
                with self._of._lock:
                    items, ended = self._of.keeping.told(name, since)
                    if not items and ended is None:
                        self._of._lock.wait(POLL_SECONDS)
                for number, item in items:
                    since = number + 1
                    yield item
                    if not self.dies:
                        self._hear(item)
        finally:
            if not self.dies and not stop.is_set():
                with self._of._lock:
                    self._of.keeping.forget(name)
        if ended is not None and ended.how == "lost":
            raise LostError(ended.why)

    def _hear(self, item: Any) -> None:
        try:
            self.heard(item)
        except DriverDied:
            self.dies = True
            raise
