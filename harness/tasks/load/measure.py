"""Puts a served model under load, level by level, and yields a sample for every request.

A level is measured whole before any of it is written, so that writing disturbs nothing; one that was
interrupted is measured anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.identity import find_model
from harness.engines.endpoint.replies import Reply
from harness.engines.endpoint.requests import Requests
from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.endpoint.spending import Bill, billed
from harness.engines.endpoint.streams import Exchange, Streams, read_exchange
from harness.engines.endpoint.transport import Transport
from harness.errors import EndpointError
from harness.metrics.requests import FACTS, LEVEL
from harness.records import Sample
from harness.suite.schema import Level, LoadTask
from harness.tasks.load.client import Watch
from harness.tasks.load.loops import (
    MOST_OPEN,
    Bounds,
    Course,
    Turn,
    closed_loop,
    open_loop,
    poisson,
)
from harness.tasks.load.prompts import REPEATING, Prompts, fitted

APART = 1_000_000
"""Between the numbers of the prompts of two levels, so that no prompt is sent twice."""
SHORT = 6
"""Decimals of a moment that are kept: microseconds."""


@dataclass(frozen=True)
class Sent:
    """A request that is over."""

    exchange: Exchange

    @property
    def failed(self) -> bool:
        """Whether no answer came; one that is not whole shows when it is read."""
        return self.exchange.failure is not None


@dataclass(frozen=True)
class Open:
    """What is still to be measured of a cell.

    Attributes:
        key: that its samples carry.
        levels: numbers of the levels that are left.
        first_index: of the next sample.
        spent: tokens that earlier levels took.
        failed_loops: loops of which an earlier level had too many errors.
    """

    key: str
    levels: tuple[int, ...]
    first_index: int = 0
    spent: int = 0
    failed_loops: frozenset[str] = frozenset()


class Loading:
    """One served model, warmed up and ready to be put under load."""

    def __init__(self, task: LoadTask, spec: EndpointSpec, seed: int) -> None:
        """Finds the server and the model, the length of prompts, and what the server does not take.

        Raises:
            EndpointError: it is not there, does not serve the model, or does not answer.
        """
        self._task, self.spec, self._seed = task, spec, seed
        self._transport = Transport(spec)
        self._requests = Requests(self._transport)
        try:
            find_model(self._transport)
            self._prompts = self._warmed_up()
        except FailedRequest as failed:
            self._transport.close()
            raise self._transport.told(failed) from None
        except BaseException:
            self._transport.close()
            raise

    def _warmed_up(self) -> Prompts:
        def count(text: str) -> int | None:
            return self._requests.count(self._asked(text))

        made = fitted(self._task.prompt_tokens, self._seed, count)
        if not all(map(self._is_full, self._warm(made))):
            made = fitted(self._task.prompt_tokens, self._seed, count, REPEATING)
            self._warm(made)
        return made

    def _warm(self, prompts: Prompts) -> list[Reply]:
        asked = [self._asked(prompts.text(-APART - n)) for n in range(self._task.warm_up)]
        return [self._requests.write_all(one, self._task.new_tokens) for one in asked]

    def _is_full(self, reply: Reply) -> bool:
        return _written(reply) >= self._task.new_tokens

    def _asked(self, text: str) -> dict[str, Any]:
        if self.spec.api == "chat":
            return {"messages": [{"role": "user", "content": text}]}
        return {"prompt": text}

    def close(self) -> None:
        """Closes all connections."""
        self._transport.close()

    def samples(self, left: Open) -> Iterator[Sample]:
        """A sample for each request of each level that is left, and one for the level itself.

        Raises:
            EndpointError: not one request was answered.
        """
        index, spent, failed = left.first_index, left.spent, set(left.failed_loops)
        each = self._task.prompt_tokens + self._task.new_tokens
        answered = False
        with asyncio.Runner() as runner:
            users = [int(one.load) for one in self._task.levels if one.loop == "closed"]
            streams = Streams(self._transport, max([*users, MOST_OPEN]))
            try:
                for number in left.levels:
                    level = self._task.levels[number]
                    requests = self._allowed(level, spent // each)
                    if level.loop in failed or not requests:
                        why = "errors" if level.loop in failed else "budget"
                        yield _fact_sample(left.key, index, number, level, {"not_run": why})
                        index += 1
                        continue
                    watch = Watch()
                    asked = self._all_asked(number, requests)
                    with self._transport.billing_together([body for _, body in asked]) as bills:
                        course = runner.run(self._run(streams, number, asked, watch))
                        found = self._read(left.key, number, course, bills)
                    answered = answered or any(not sample.data["error"] for sample in found)
                    if not answered:
                        raise self._nothing_came(found)
                    spent += len(found) * each
                    if self._has_failed(found):
                        failed.add(level.loop)
                    for sample in found:
                        yield sample.model_copy(update={"index": index})
                        index += 1
                    facts = {
                        "stopped": course.stopped,
                        "client": watch.cost.data(),
                        "refused": sorted(self._requests.refused),
                        "repeating": bool(self._prompts.tail),
                    }
                    yield _fact_sample(left.key, index, number, level, facts)
                    index += 1
            finally:
                runner.run(streams.close())

    def _allowed(self, level: Level, sent: int) -> int:
        """Requests of a level, as far as the budget goes; 0 where it does not go far enough."""
        budget, each = self._task.token_budget, self._task.prompt_tokens + self._task.new_tokens
        if budget is None:
            return self._task.requests
        left = min(self._task.requests, budget // each - sent)
        least = 2 * int(level.load) if level.loop == "closed" else 2
        return left if left >= least else 0

    def _all_asked(self, number: int, requests: int) -> list[tuple[str, dict[str, Any]]]:
        """Path and body of each request of a level."""
        texts = (self._prompts.text(number * APART + place) for place in range(requests))
        return [self._requests.as_sent(self._asked(text), self._task.new_tokens) for text in texts]

    async def _run(
        self,
        streams: Streams,
        number: int,
        asked: Sequence[tuple[str, dict[str, Any]]],
        watch: Watch,
    ) -> Course[Sent]:
        task, level = self._task, self._task.levels[number]
        bounds = Bounds(len(asked), task.seconds, task.max_errors)

        async def ask(place: int) -> Sent:
            return Sent(await streams.send(*asked[place]))

        async with watch.watching():
            if level.loop == "closed":
                return await closed_loop(int(level.load), bounds, ask)
            dues = poisson(level.load, len(asked), task.seconds, (self._seed, number))
            return await open_loop(dues, bounds, ask)

    def _read(
        self, key: str, number: int, course: Course[Sent], bills: Sequence[Bill]
    ) -> list[Sample]:
        """The samples of a level, in the order in which requests were due; each is billed."""
        for bill in bills:
            bill.free = True
        found = []
        for turn in sorted(course.turns, key=lambda one: one.number):
            bill, reply, failure = bills[turn.number], Reply(), None
            try:
                reply = read_exchange(turn.outcome.exchange, self.spec)
                bill.came(reply)
            except FailedRequest as failed:
                failure = failed
            bill.free = failure is not None and not billed(failure)
            found.append(self._sample(key, number, turn, reply, failure))
        return found

    def _has_failed(self, found: list[Sample]) -> bool:
        failed = sum(bool(sample.data["error"]) for sample in found)
        return failed > self._task.max_errors * len(found)

    def _nothing_came(self, found: list[Sample]) -> EndpointError:
        said = next((str(of.data["said"]) for of in found if of.data.get("said")), "")
        return EndpointError(
            f"Not one of {len(found)} requests was answered: {said}",
            "Look into the server's log; `harness run` measures it anew.",
        )

    def _sample(
        self,
        key: str,
        number: int,
        turn: Turn[Sent],
        reply: Reply,
        failure: FailedRequest | None,
    ) -> Sample:
        level = self._task.levels[number]
        counted = reply.new_tokens is not None
        data: dict[str, Any] = {
            LEVEL: number,
            "loop": level.loop,
            "load": level.load,
            "number": turn.number,
            "due": round(turn.due, SHORT),
            "sent": round(turn.sent, SHORT),
            "ended": round(turn.ended, SHORT),
            "pieces": [round(value, SHORT) for value in reply.times],
            "prompt_tokens": reply.prompt_tokens,
            "new_tokens": _written(reply),
            "counted": "server" if counted else "pieces",
            "finish": reply.finish,
            "streamed": turn.outcome.exchange.streamed,
            "error": "" if failure is None else failure.name,
        }
        if failure is not None:
            data["said"] = failure.message
        name = f"{level.loop} {level.load:g}, request {turn.number + 1}"
        return Sample(key=key, index=0, id=name, data=data)


def _written(reply: Reply) -> int:
    """Tokens of an answer; pieces where the server does not count."""
    return len(reply.times) if reply.new_tokens is None else reply.new_tokens


def _fact_sample(
    key: str, index: int, number: int, level: Level, facts: Mapping[str, Any]
) -> Sample:
    data = {LEVEL: number, "loop": level.loop, "load": level.load, FACTS: dict(facts)}
    return Sample(key=key, index=index, id=f"{level.loop} {level.load:g}", data=data)
