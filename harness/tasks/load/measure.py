"""Puts a served model under load, level by level, and yields a sample for every request.

A level is measured whole before any of it is written, so that writing disturbs nothing; one that was
interrupted is measured anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from harness.engines.endpoint.streams import Streams
from harness.errors import EndpointError
from harness.records import Sample
from harness.suite.schema import LoadTask
from harness.tasks.load.client import Watch
from harness.tasks.load.loops import MOST_OPEN, Bounds, Course, closed_loop, open_loop, poisson
from harness.tasks.load.ready import Body, Ready
from harness.tasks.load.record import Place, Sent


@dataclass(frozen=True)
class Open:
    """What is still to be measured of a cell.

    Attributes:
        key: that its samples carry.
        levels: numbers of the levels that are left.
        first_index: of the next sample.
        sent: requests of earlier levels.
        failed_loops: loops of which an earlier level had too many errors.
    """

    key: str
    levels: tuple[int, ...]
    first_index: int = 0
    sent: int = 0
    failed_loops: frozenset[str] = frozenset()


def measure(task: LoadTask, ready: Ready, left: Open) -> Iterator[Sample]:
    """A sample for each request of each level that is left, and one for the level itself.

    Raises:
        EndpointError: not one request of the first of them was answered.
        SpendingLimitError: a limit leaves less than a level may cost.
    """
    indices = count(left.first_index)
    for sample in _Levels(task, ready, left).samples():
        yield sample.model_copy(update={"index": next(indices)})


class _Levels:
    def __init__(self, task: LoadTask, ready: Ready, left: Open) -> None:
        self._task, self._ready, self._left = task, ready, left
        self._sent, self._failed = left.sent, set(left.failed_loops)

    def samples(self) -> Iterator[Sample]:
        users = [int(one.load) for one in self._task.levels if one.loop == "closed"]
        with asyncio.Runner() as runner:
            streams = self._ready.streams(max([*users, MOST_OPEN]))
            try:
                for number in self._left.levels:
                    yield from self._level(runner, streams, number)
            finally:
                runner.run(streams.close())

    def _level(self, runner: asyncio.Runner, streams: Streams, number: int) -> Iterator[Sample]:
        place = Place(self._left.key, number, self._task.levels[number])
        if place.level.loop in self._failed:
            yield place.facts({"not_run": "errors"})
            return
        requests = self._allowed(place)
        if not requests:
            yield place.facts({"not_run": "budget"})
            return
        watch, bodies = Watch(), self._ready.bodies(number, requests)
        with self._ready.billing(bodies) as bills:
            course = runner.run(self._run(streams, place, bodies, watch))
            found = place.samples(course, self._ready.spec, bills)
        self._judge(place, found)
        yield from found
        yield place.facts(
            {
                "stopped": course.stopped,
                "client": watch.cost.data(),
                "refused": self._ready.refused,
                "repeating": self._ready.repeating,
            }
        )

    def _allowed(self, place: Place) -> int:
        """Requests of a level, as far as the budget goes; 0 where it does not go far enough."""
        task = self._task
        if task.token_budget is None:
            return task.requests
        in_all = task.token_budget // (task.prompt_tokens + task.new_tokens)
        left = min(task.requests, in_all - self._sent)
        least = 2 * int(place.level.load) if place.level.loop == "closed" else 2
        return left if left >= least else 0

    async def _run(
        self, streams: Streams, place: Place, bodies: Sequence[tuple[str, Body]], watch: Watch
    ) -> Course[Sent]:
        task, level = self._task, place.level
        bounds = Bounds(len(bodies), task.seconds, task.max_errors)

        async def ask(number: int) -> Sent:
            return Sent(await streams.send(*bodies[number]))

        async with watch.watching():
            if level.loop == "closed":
                return await closed_loop(int(level.load), bounds, ask)
            seed = (self._ready.seed, place.number)
            dues = poisson(level.load, len(bodies), task.seconds, seed)
            return await open_loop(dues, bounds, ask)

    def _judge(self, place: Place, found: Sequence[Sample]) -> None:
        """Counts what was sent; a loop that has failed is gone on with no further.

        Raises:
            EndpointError: nothing was answered, now or before.
        """
        errors = [of for of in found if of.data["error"]]
        if found and len(errors) == len(found) and not self._sent:
            raise EndpointError(
                f"Not one of {len(found)} requests was answered: {errors[0].data['said']}",
                "Look into the server's log; `harness run` measures it anew.",
            )
        self._sent += len(found)
        if len(errors) > self._task.max_errors * len(found):
            self._failed.add(place.level.loop)
