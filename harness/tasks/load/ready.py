"""A served model that was found and warmed up: the length of its prompts, and what it does not take."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.identity import find_model
from harness.engines.endpoint.replies import Reply
from harness.engines.endpoint.requests import Requests
from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.endpoint.spending import Bill
from harness.engines.endpoint.streams import Streams
from harness.engines.endpoint.transport import Transport
from harness.suite.schema import LoadTask
from harness.tasks.load.prompts import REPEATING, Prompts, fitted

APART = 1_000_000
"""Between the numbers of the prompts of two levels, so that no prompt is sent twice."""
Body = dict[str, Any]


class Ready:
    """One server, to which requests can be made ready."""

    def __init__(self, task: LoadTask, spec: EndpointSpec, seed: int) -> None:
        """Looks for the server and the model, fits prompts, and sends what warms it up.

        Raises:
            EndpointError: it is not there, does not serve the model, or does not answer.
            SpendingLimitError: a limit leaves too little.
        """
        self._task, self.spec, self.seed = task, spec, seed
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

    @property
    def refused(self) -> list[str]:
        """Settings that the server does not take."""
        return sorted(self._requests.refused)

    @property
    def repeating(self) -> bool:
        """Whether prompts end in a list that goes on and on, since answers were short without it."""
        return bool(self._prompts.tail)

    def bodies(self, level: int, requests: int) -> list[tuple[str, Body]]:
        """Path and body of each request of a level."""
        texts = (self._prompts.text(level * APART + place) for place in range(requests))
        return [self._requests.as_sent(self._asked(text), self._task.new_tokens) for text in texts]

    def streams(self, connections: int) -> Streams:
        """Connections, which the caller closes."""
        return Streams(self._transport, connections)

    def billing(self, bodies: Sequence[tuple[str, Body]]) -> AbstractContextManager[list[Bill]]:
        """A bill for each of these requests; what they may cost at most is set aside."""
        return self._transport.billing_together([body for _, body in bodies])

    def close(self) -> None:
        """Closes all connections but those of `streams`."""
        self._transport.close()

    def _warmed_up(self) -> Prompts:
        def count(text: str) -> int | None:
            return self._requests.count(self._asked(text))

        made = fitted(self._task.prompt_tokens, self.seed, count)
        if any(written(reply) < self._task.new_tokens for reply in self._warm(made)):
            made = fitted(self._task.prompt_tokens, self.seed, count, REPEATING)
            self._warm(made)
        return made

    def _warm(self, prompts: Prompts) -> list[Reply]:
        asked = [self._asked(prompts.text(-APART - n)) for n in range(self._task.warm_up)]
        return [self._requests.write_all(one, self._task.new_tokens) for one in asked]

    def _asked(self, text: str) -> Body:
        if self.spec.api == "chat":
            return {"messages": [{"role": "user", "content": text}]}
        return {"prompt": text}


def written(reply: Reply) -> int:
    """Tokens of an answer; pieces where the server does not count."""
    return len(reply.times) if reply.new_tokens is None else reply.new_tokens
