"""How a driver reaches its keeper: claims it, waits for another one, ends it or leaves it. Ray is stood in for."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from harness.errors import HungUpError
from harness.executors import cluster as clusters
from harness.executors.driving import Driving, Leaving
from harness.executors.keeping import Driver, Keeping, LostError


class RayError(Exception):
    pass


class FakeRay:
    """Calls are answered at once, by a `Keeping` in this process."""

    exceptions = SimpleNamespace(
        RayError=RayError, RayTaskError=type("RayTaskError", (RayError,), {})
    )

    def __init__(self) -> None:
        self.now = 0.0
        self.keeping = Keeping(600, lambda: self.now)
        self.made, self.killed, self.ended = list[dict[str, Any]](), 0, 0

    def remote(self, kind: type) -> FakeRay:
        return self

    def options(self, **how: Any) -> Any:
        self.made.append(how)
        return SimpleNamespace(remote=lambda seconds: self)

    @property
    def claim(self) -> Any:
        return SimpleNamespace(remote=self.keeping.claim)

    @property
    def end(self) -> Any:
        return SimpleNamespace(remote=self._end)

    def _end(self, driver: Driver) -> bool:
        self.ended += 1
        return self.keeping.is_driven_by(driver)

    def get(self, answer: Any, timeout: float | None = None) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    def kill(self, keeper: Any) -> None:
        self.killed += 1

    def init(self, **how: Any) -> None: ...
    def shutdown(self) -> None: ...


def test_a_keeper_has_the_name_of_its_run_and_outlives_its_driver_only_where_that_is_meant() -> (
    None
):
    ray = FakeRay()
    Driving(ray).answer(lambda keeper: True)
    driving = Driving(ray)
    driving.leaving = Leaving("harness-1", 600)
    ray.keeping = Keeping(600, lambda: ray.now)
    driving.answer(lambda keeper: True)
    alone, named = ray.made
    assert "lifetime" not in alone and "name" not in alone
    assert (named["name"], named["lifetime"], named["get_if_exists"]) == (
        "harness-1",
        "detached",
        True,
    )


@pytest.mark.parametrize("left", [True, False])
def test_a_terminal_that_is_gone_leaves_jobs_and_every_other_end_ends_them(
    left: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = FakeRay()
    monkeypatch.setattr(clusters, "_ray", lambda: ray)
    monkeypatch.setattr(clusters, "_answering", lambda ray, address: address)
    error = HungUpError if left else KeyboardInterrupt
    with pytest.raises(error), clusters.connected("10.0.0.1:6379") as cluster:
        cluster._driving.leaving = Leaving("harness-1", 600)
        cluster._driving.answer(lambda keeper: True)
        raise error
    assert ray.killed == ray.ended == (0 if left else 1)


def test_a_driver_of_this_machine_that_is_gone_is_not_waited_for() -> None:
    ray, gone = FakeRay(), subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    dead = Driver("dead", Driver.this().host, gone.pid)
    ray.keeping.claim(dead)
    driving = Driving(ray)
    driving.answer(lambda keeper: True)
    assert ray.keeping.is_driven_by(driving.me) and not ray.keeping.is_driven_by(dead)


@pytest.mark.parametrize("host", ["elsewhere", Driver.this().host])
def test_one_that_is_at_work_is_waited_for_by_name(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray, other, told = FakeRay(), Driver("other", host, os.getpid()), list[str]()
    ray.keeping.claim(other)

    def sleep(seconds: float) -> None:
        ray.now += seconds

    monkeypatch.setattr("harness.executors.driving.time.sleep", sleep)
    driving = Driving(ray)
    driving.waits = told.append
    driving.answer(lambda keeper: True)
    assert told == [f"process {os.getpid()} on {host}", ""] and ray.now >= 30
    driving.close()


def test_a_keeper_that_is_gone_is_said_to_be_and_the_next_question_goes_to_another() -> None:
    ray = FakeRay()
    driving = Driving(ray)
    with pytest.raises(LostError, match="the node died"):
        driving.answer(lambda keeper: RayError("the node died"))
    assert driving.answer(lambda keeper: "well") == "well" and len(ray.made) == 2
    driving.close()
    with pytest.raises(LostError, match="over"):
        driving.answer(lambda keeper: True)
