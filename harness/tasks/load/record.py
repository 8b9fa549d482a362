"""From what came of requests to samples: a line for each, and one for what is known of their level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.replies import Reply
from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.endpoint.spending import Bill, billed
from harness.engines.endpoint.streams import Exchange, read_exchange
from harness.metrics.requests import FACTS, LEVEL
from harness.records import Sample
from harness.suite.schema import Level
from harness.tasks.load.loops import Course, Turn
from harness.tasks.load.ready import written

DECIMALS = 6
"""Of a moment that are kept: microseconds."""


@dataclass(frozen=True)
class Sent:
    """A request that is over."""

    exchange: Exchange

    @property
    def failed(self) -> bool:
        """Whether no answer came; one that is not whole shows when it is read."""
        return self.exchange.failure is not None


@dataclass(frozen=True)
class Place:
    """Which level of which cell samples are of."""

    key: str
    number: int
    level: Level

    def facts(self, facts: Mapping[str, Any]) -> Sample:
        """The sample that says what is known of the whole level: it was measured, or why not."""
        data = {
            LEVEL: self.number,
            "loop": self.level.loop,
            "load": self.level.load,
            FACTS: dict(facts),
        }
        name = f"{self.level.loop} {self.level.load:g}"
        return Sample(key=self.key, index=0, id=name, data=data)

    def samples(
        self, course: Course[Sent], spec: EndpointSpec, bills: Sequence[Bill]
    ) -> list[Sample]:
        """The samples of its requests, in the order in which they were due; each is billed.

        Args:
            course: how the level went.
            spec: of the server.
            bills: of all requests that were to be sent, by their number.
        """
        for bill in bills:
            bill.free = True
        found = []
        for turn in sorted(course.turns, key=lambda one: one.number):
            bill, reply, failure = bills[turn.number], Reply(), None
            try:
                reply = read_exchange(turn.outcome.exchange, spec)
                bill.came(reply)
            except FailedRequest as failed:
                failure = failed
            bill.free = failure is not None and not billed(failure)
            found.append(self._sample(turn, reply, failure))
        return found

    def _sample(self, turn: Turn[Sent], reply: Reply, failure: FailedRequest | None) -> Sample:
        data: dict[str, Any] = {
            LEVEL: self.number,
            "loop": self.level.loop,
            "load": self.level.load,
            "number": turn.number,
            "due": round(turn.due, DECIMALS),
            "sent": round(turn.sent, DECIMALS),
            "ended": round(turn.ended, DECIMALS),
            "pieces": [round(value, DECIMALS) for value in reply.times],
            "prompt_tokens": reply.prompt_tokens,
            "new_tokens": written(reply),
            "counted": "pieces" if reply.new_tokens is None else "server",
            "finish": reply.finish,
            "streamed": turn.outcome.exchange.streamed,
            "error": "" if failure is None else failure.name,
        }
        if failure is not None:
            data["said"] = failure.message
        name = f"{self.level.loop} {self.level.load:g}, request {turn.number + 1}"
        return Sample(key=self.key, index=0, id=name, data=data)
