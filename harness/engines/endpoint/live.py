"""A server's answer while it is being written: for whoever reads along, not for what is measured."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from harness.engines.answerer import Answerer, Asked, Completion, Piece
from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.replies import Reply
from harness.engines.endpoint.requests import Requests, asked_of
from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.endpoint.transport import Transport
from harness.engines.endpoint.written import completion_of, has_ended
from harness.engines.protocol import EngineInfo, Limits, Sampling, Work
from harness.engines.streaming import Parting
from harness.version import __version__


class LiveServer(Answerer):
    """A served model that is talked to. It is asked as it comes, without a probe of what it can do."""

    capabilities = frozenset({"generate"})

    def __init__(self, spec: EndpointSpec) -> None:
        """Opens nothing yet. A request that failed is not sent again: some of its answer may have been
        read, nor is an answer remembered.

        Raises:
            EndpointError: the variable that is to hold the key does not.
        """
        self.spec = replace(spec, retries=0, memory=None)
        self._transport = Transport(self.spec)
        self._requests = Requests(self._transport)
        self.info = EngineInfo("endpoint", __version__, device=spec.host)
        self.load_seconds, self.work = 0.0, Work()

    def stream(
        self, prompt: Asked, limits: Limits, sampling: Sampling
    ) -> Iterator[Piece | Completion]:
        """See `Answerer.stream`.

        Raises:
            EndpointError: the server fails.
        """
        heard: queue.Queue[str | Reply | Exception] = queue.Queue()
        dropped = threading.Event()
        asking = threading.Thread(
            target=self._ask, args=(prompt, limits, sampling, heard, dropped), daemon=True
        )
        asking.start()
        parting = Parting("", limits.stops)
        try:
            while isinstance(said := heard.get(), str):
                yield from parting.add(said)
        finally:
            dropped.set()
        if isinstance(said, FailedRequest):
            raise self._transport.told(said)
        if isinstance(said, Exception):
            raise said
        done = completion_of(said, limits)
        self.work.new_tokens += done.tokens
        yield from parting.rest(done)
        yield done

    def told(self) -> dict[str, Any]:
        """See `Answerer.told`."""
        return {"refused": sorted(self._requests.refused)}

    def close(self) -> None:
        """See `Answerer.close`."""
        self._transport.close()

    def _ask(
        self,
        prompt: Asked,
        limits: Limits,
        sampling: Sampling,
        heard: queue.Queue[str | Reply | Exception],
        dropped: threading.Event,
    ) -> None:
        """Says each piece, and last the whole reply or what went wrong."""
        given = 0

        def ended(reply: Reply) -> bool:
            nonlocal given
            heard.put(reply.text[given:])
            given = len(reply.text)
            wanted = limits.ended is None or not limits.ended(())
            return dropped.is_set() or not wanted or has_ended(reply, limits.stops)

        try:
            asked = asked_of(prompt, self.spec.api)
            heard.put(self._requests.sample(asked, limits.max_new_tokens, sampling, ended))
        except Exception as error:  # handed to the thread that reads
            heard.put(error)
