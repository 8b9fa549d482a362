"""Requests side by side from one thread, each sent once, with the moment at which every piece came.

For timing a server: nothing is sent again, nothing waits for another, and what came is kept as bytes and
read when all is over, so that reading it delays no other's clock.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.replies import DONE, Reply, UnfinishedError, event_data
from harness.engines.endpoint.requests import check_model
from harness.engines.endpoint.spec import EndpointSpec, withheld
from harness.engines.endpoint.transport import Transport

HEADERS = {"Content-Type": "application/json", "Accept-Encoding": "identity"}


@dataclass
class Exchange:
    """One request and what came back; moments are those of the event loop's clock, in seconds.

    Attributes:
        sent: when it was begun, a connection to be made included.
        ended: when the last of the answer was there, or the request failed.
        chunks: what came, each with its moment.
        streamed: whether it came as events, rather than in one piece.
        failure: why there is no answer; None where one came, whole or not.
    """

    sent: float
    ended: float = 0.0
    chunks: list[tuple[float, bytes]] = field(default_factory=list)
    streamed: bool = False
    failure: FailedRequest | None = None


class Streams:
    """Connections to one server, kept open between requests; of one event loop."""

    def __init__(self, transport: Transport, connections: int) -> None:
        """Opens nothing yet.

        Args:
            transport: to the server.
            connections: at most, which is as many requests as can be open.
        """
        self._transport, self._spec = transport, transport.spec
        self._client = transport.side_by_side(connections)

    async def send(self, path: str, body: Mapping[str, Any]) -> Exchange:
        """Sends a request and waits for the end of its answer, within the endpoint's `timeout`."""
        clock = asyncio.get_running_loop().time
        raw, url = json.dumps(body).encode(), f"{self._spec.url}{path}"
        found = Exchange(clock())
        try:
            async with (
                asyncio.timeout(self._spec.timeout),
                self._client.stream("POST", url, content=raw, headers=HEADERS) as response,
            ):
                if not response.is_success:
                    await response.aread()
                    found.failure = self._transport.refusal(response)
                else:
                    kind = response.headers.get("Content-Type", "")
                    found.streamed = "event-stream" in kind
                    async for chunk in response.aiter_raw():
                        found.chunks.append((clock(), chunk))
        except TimeoutError:
            found.failure = self._transport.too_slow()
        except httpx2.HTTPError as error:
            found.failure = self._transport.broken(error)
        found.ended = clock()
        return found

    async def close(self) -> None:
        """Closes all connections."""
        await self._client.aclose()


def read_exchange(exchange: Exchange, spec: EndpointSpec) -> Reply:
    """The answer that came; its times are seconds from when the request was sent.

    Raises:
        FailedRequest: the request failed, or what came is no whole answer of the model.
    """
    if exchange.failure is not None:
        raise exchange.failure
    reply = Reply()
    try:
        if exchange.streamed:
            for moment, part in _events(exchange):
                reply.take(part, moment - exchange.sent)
        else:
            whole = json.loads(b"".join(chunk for _, chunk in exchange.chunks))
            reply.take(whole, exchange.ended - exchange.sent)
        if not reply.finish:
            raise UnfinishedError("it does not say that it ended")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        said = f"What the server {spec.host} answers is no whole answer"
        raise FailedRequest("broken", said, name="half an answer") from None
    reply.seconds = exchange.ended - exchange.sent
    check_model(spec, reply.model)
    return withheld(spec.secret(), reply)


def _events(exchange: Exchange) -> Iterator[tuple[float, Mapping[str, Any]]]:
    """Each event with the moment at which the last of its line came."""
    rest = b""
    for moment, chunk in exchange.chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            data = event_data(line.decode())
            if data == DONE:
                return
            if data:
                yield moment, json.loads(data)
