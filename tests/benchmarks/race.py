"""Laps of several contestants, taken in turn, so that a drift of the machine hits all alike.

pytest-benchmark keeps the statistics: each contestant's laps are measured inside its own process
and replayed to the `benchmark` fixture on a clock that moves by just those seconds.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest

Answer = dict[str, Any]


@dataclass(frozen=True)
class Contestant:
    """Someone who does the work: `lap()` does it once and says how many `seconds` it took.

    `warm_up` is done once before the first lap; what it gives is kept as facts.
    """

    name: str
    lap: Callable[[], Answer]
    rounds: int = 3
    warm_up: Callable[[], Answer] = field(default=dict)


@dataclass(frozen=True)
class Laps:
    """All laps of one contestant."""

    facts: Answer
    answers: tuple[Answer, ...]
    others: tuple[float, ...]
    """For each lap: cores that processes outside this test run were using."""
    error: str | None = None
    """Why the contestant had to give up."""

    @property
    def seconds(self) -> list[float]:
        """Of each lap, in order."""
        return [float(answer["seconds"]) for answer in self.answers]


def run_race(contestants: Sequence[Contestant]) -> dict[str, Laps]:
    """Lets each do its laps: the first lap of all, then the second of all that have one, …

    One that raises RuntimeError gives up, and the others go on.
    """
    runners = [_Runner(one) for one in contestants]
    for runner in runners:
        runner.warm_up()
    for number in range(max(one.rounds for one in contestants)):
        for runner in runners:
            if number < runner.contestant.rounds:
                runner.lap()
    return {runner.contestant.name: runner.laps() for runner in runners}


class _Runner:
    """A contestant on its way."""

    def __init__(self, contestant: Contestant) -> None:
        self.contestant = contestant
        self._facts: Answer = {}
        self._answers: list[Answer] = []
        self._others: list[float] = []
        self._error: str | None = None

    def warm_up(self) -> None:
        self._facts = self._try(self.contestant.warm_up) or {}

    def lap(self) -> None:
        meter = OtherLoad()
        answer = self._try(self.contestant.lap)
        if answer is not None:
            self._answers.append(answer)
            self._others.append(meter.cores())

    def laps(self) -> Laps:
        return Laps(self._facts, tuple(self._answers), tuple(self._others), self._error)

    def _try(self, run: Callable[[], Answer]) -> Answer | None:
        if self._error is not None:
            return None
        try:
            return run()
        except RuntimeError as error:
            self._error = str(error)
            return None


class OtherLoad:
    """How many cores processes that are not ours keep busy, since this object was made."""

    def __init__(self) -> None:
        self._started = self._now()

    def cores(self) -> float:
        """Busy seconds of the machine beside ours, per second."""
        started, now = self._started, self._now()
        wall, busy, ours = (b - a for a, b in zip(started, now, strict=True))
        return max(0.0, (busy - ours) / wall) if wall > 0 else 0.0

    def _now(self) -> tuple[float, float, float]:
        machine = psutil.cpu_times()
        busy = sum(machine) - machine.idle - getattr(machine, "iowait", 0.0)
        busy -= getattr(machine, "guest", 0.0) + getattr(machine, "guest_nice", 0.0)
        own = os.times()
        ours = own.user + own.system + own.children_user + own.children_system
        for child in psutil.Process().children(recursive=True):
            try:
                used = child.cpu_times()
            except psutil.NoSuchProcess:
                continue
            ours += used.user + used.system
        return time.perf_counter(), busy, ours


class LapClock:
    """Stands still, but for the seconds of the laps that are replayed on it."""

    __name__ = "seconds inside the contestant's process"

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


CLOCK = LapClock()


def replay(benchmark: Any, group: str, name: str, laps: Laps) -> None:
    """Hands the laps to pytest-benchmark; the test must be marked with `timer=CLOCK`.

    `extra_info` gets the contestant's name, the facts, and each figure of the laps' answers: a list
    of one figure a lap where they are floats or differ. The test fails where there was an error.
    """
    if laps.error is not None:
        pytest.fail(laps.error, pytrace=False)
    left = iter(laps.seconds)

    def lap() -> None:
        CLOCK.now += next(left)

    benchmark.group = group
    benchmark.extra_info.update(contestant=name, **laps.facts)
    for key in laps.answers[0]:
        values = [answer.get(key) for answer in laps.answers]
        constant = all(value == values[0] and not isinstance(value, float) for value in values)
        benchmark.extra_info[key] = values[0] if constant else values
    benchmark.extra_info["other_cores"] = [round(other, 2) for other in laps.others]
    benchmark.pedantic(lap, rounds=len(laps.seconds))
