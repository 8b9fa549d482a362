"""How a driver reaches the keeper of its run: found by name or made, claimed, told again and again that it is there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil

from harness.errors import CrashError
from harness.executors.keeper import Keeper
from harness.executors.keeping import ASK_SECONDS, Driver, LostError
from harness.locks import Waits

ANSWER_SECONDS = 10.0
HEAD = "node:__internal_head__"
"""A resource that the node has alone whose end is the cluster's."""
NAMESPACE = "harness"
MOST_CALLS = 10_000
"""Jobs that wait for news at the same time, at most."""


@dataclass(frozen=True)
class Leaving:
    """What becomes of a run's jobs when its driver is gone."""

    name: str
    """Of the run, on the whole cluster: who has it drives, and finds what another one left."""
    seconds: float
    """For how long they go on without a driver."""


class Driving:
    """A driver's hold on a run."""

    def __init__(self, ray: Any) -> None:
        """Of no run yet: its keeper is made when something is asked of it, and ends with this process."""
        self._ray, self.me = ray, Driver.this()
        self.leaving: Leaving | None = None
        self.waits: Waits = lambda who: None
        self._lock, self._over = threading.Lock(), threading.Event()
        self._keeper: Any = None
        self._heart: threading.Thread | None = None

    def close(self, leave: bool = False) -> None:
        """Ends what is left of the run's jobs, and whatever keeps them; or leaves them to another driver."""
        self._over.set()
        keeper, self._keeper = self._keeper, None
        if keeper is None or (leave and self.leaving is not None):
            return
        with suppress(self._ray.exceptions.RayError):
            if self._ray.get(keeper.end.remote(self.me), timeout=ANSWER_SECONDS):
                self._ray.kill(keeper)

    def answer(self, ask: Callable[[Any], Any]) -> Any:
        """What the keeper says. Raises LostError, CrashError."""
        return self.got(self.asked(ask))

    def asked(self, ask: Callable[[Any], Any]) -> Any:
        """A question to the keeper, which is made where there is none. Raises LostError."""
        with self._lock:
            if self._keeper is None and not self._over.is_set():
                self._keeper = self._claimed()
            if self._keeper is None:
                raise LostError("this run is over")
            return ask(self._keeper)

    def got(self, asked: Any) -> Any:
        """An answer of the keeper's; where that is gone, the next question goes to another one. Raises LostError, CrashError."""
        try:
            return self._ray.get(asked)
        except self._ray.exceptions.RayTaskError as error:
            raise CrashError(f"the worker failed: {str(error).strip().splitlines()[-1]}") from None
        except self._ray.exceptions.RayError as error:
            with self._lock:
                self._keeper = None
            raise LostError(str(error).splitlines()[0]) from None

    def _claimed(self) -> Any:
        """The keeper of this run, which knows that this process drives."""
        options: dict[str, Any] = {"num_cpus": 0, "max_restarts": 0, "max_concurrency": MOST_CALLS}
        options["resources"] = {HEAD: 0.001}
        seconds = 0.0
        if self.leaving is not None:
            name, seconds = self.leaving.name, self.leaving.seconds
            options |= {"name": name, "namespace": NAMESPACE, "lifetime": "detached"}
            options |= {"get_if_exists": True}
        keeper = self._ray.remote(Keeper).options(**options).remote(seconds)
        try:
            self._claim(keeper)
        except self._ray.exceptions.RayError as error:
            raise LostError(str(error).splitlines()[0]) from None
        if self._heart is None:
            self._heart = threading.Thread(target=self._beat, daemon=True)
            self._heart.start()
        return keeper

    def _claim(self, keeper: Any) -> None:
        instead, told = "", False
        while True:
            has: Driver = self._ray.get(keeper.claim.remote(self.me, instead))
            if has.id == self.me.id:
                break
            if has.host == self.me.host and not psutil.pid_exists(has.pid) and has.id != instead:
                instead = has.id
                continue
            if not told:
                self.waits(has.words())
                told = True
            time.sleep(ASK_SECONDS)
        if told:
            self.waits("")

    def _beat(self) -> None:
        """Says again and again that this process is there."""
        while not self._over.wait(ASK_SECONDS):
            keeper = self._keeper
            if keeper is not None:
                with suppress(self._ray.exceptions.RayError):
                    self._ray.get(keeper.claim.remote(self.me), timeout=ANSWER_SECONDS)
