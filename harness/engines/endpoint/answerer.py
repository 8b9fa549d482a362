"""An answerer over a connection: several requests side by side, each answer given on as it comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from harness.capabilities import CAPABILITIES
from harness.doubts import doubt_words
from harness.engines.answerer import Answerer, Asked, Completion, Picked, Way
from harness.engines.endpoint.choosing import Choosing
from harness.engines.endpoint.echoed import DoubtfulError
from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.looks import Looks
from harness.engines.endpoint.remembered import NotRememberedError
from harness.engines.endpoint.replies import Reply
from harness.engines.endpoint.requests import Requests, asked_of
from harness.engines.endpoint.scored import scores
from harness.engines.endpoint.side_by_side import side_by_side
from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.endpoint.transport import Transport
from harness.engines.endpoint.usage import Usage
from harness.engines.endpoint.written import completion_of
from harness.engines.protocol import EngineInfo, Limits, Work
from harness.errors import EndpointError
from harness.version import __version__

T = TypeVar("T")


class EndpointAnswerer(Answerer):
    """Asks a served model."""

    capabilities = CAPABILITIES["endpoint"]

    def __init__(
        self,
        spec: EndpointSpec,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Sees whether the server is there, serves the model, and what it can do.

        Raises:
            EndpointError: it is not, it does not, or the key is missing.
        """
        started = clock()
        self.spec = spec
        self.work = Work()
        self._lock = threading.Lock()
        self._usage: dict[str, Usage] = {}
        self._transport = Transport(spec, sleep, clock)
        self._requests = Requests(self._transport)
        self._looks = Looks(self._requests, spec)
        self.info = EngineInfo("endpoint", __version__, device=spec.host)
        try:
            with self._told():
                self.findings = self._looks.begin()
                self._choosing = Choosing(self._requests, spec, self.findings)
        except BaseException:
            self._transport.close()
            raise
        self.load_seconds = clock() - started

    @property
    def models(self) -> tuple[str, ...]:
        """What the server says that it serves."""
        return self._looks.models

    def way(self, prompts: Sequence[Asked], may: frozenset[Way]) -> Way:
        """See `Answerer.way`: what the probe found, and how some of these prompts fare.

        Raises:
            EndpointError: the server fails, or the way that the suite demands does not hold.
            PromptTooLongError: it leaves out a part of the longest prompt.
        """
        with self._told(), self._requests.memory.telling_apart():
            self._looks.check_uncut(prompts)
            return self._choosing.way(prompts, may)

    def pick(self, prompts: Sequence[Asked], way: Way) -> Iterator[tuple[int, Picked]]:
        """See `Answerer.pick`.

        Raises:
            EndpointError: the server fails.
        """

        yield from self._answers(prompts, lambda prompt: self._choosing.pick(prompt, way))

    def choose(self, prompts: Sequence[Asked]) -> Iterator[tuple[int, list[float]]]:
        """See `Answerer.choose`.

        Raises:
            EndpointError: the server fails, or gives what cannot be the choices' log-probabilities.
        """
        yield from self._answers(prompts, self._scores)

    def _scores(self, prompt: Asked) -> list[float]:
        try:
            return scores(self._requests, prompt)
        except DoubtfulError as doubt:
            raise EndpointError(
                f"{self.spec.host} gives no log-probabilities that hold for the choices of prompt "
                f'"{prompt.id}": {doubt_words(doubt.fault)}',
                "Set `scoring: parsed` of the endpoint, so that answers are written and read.",
            ) from None

    def generate(
        self, prompts: Sequence[Asked], limits: Limits
    ) -> Iterator[tuple[int, Completion]]:
        """See `Answerer.generate`.

        Raises:
            EndpointError: the server fails, or leaves out a part of the longest prompt.
        """
        with self._told():
            self._looks.check_uncut(prompts)

        def write(prompt: Asked) -> Completion:
            asked = asked_of(prompt, self.spec.api)
            reply = self._requests.write(asked, limits.max_new_tokens, limits.stops)
            self._check_counted(prompt, reply)
            return completion_of(reply, limits)

        yield from self._answers(prompts, write)

    def _answers(
        self, prompts: Sequence[Asked], answer: Callable[[Asked], T]
    ) -> Iterator[tuple[int, T]]:
        """Answers side by side, and counts what each took. Where any has to be asked for, the server is
        looked at first, so that none is remembered of another than the one that answers now."""
        if not self._is_remembered(prompts, answer):
            with self._told():
                self._looks.wake()
        self._usage = {}

        def counted(prompt: Asked) -> T:
            with self._requests.counting() as usage:
                found = answer(prompt)
            with self._lock:
                self._usage[prompt.id] = usage
                self.work.prompt_tokens += usage.input
                self.work.new_tokens += usage.output
            return found

        yield from side_by_side(self._transport, prompts, counted)

    def _is_remembered(self, prompts: Sequence[Asked], answer: Callable[[Asked], T]) -> bool:
        with self._requests.memory.alone():
            try:
                for prompt in prompts:
                    answer(prompt)
            except NotRememberedError:
                return False
        return True

    def usage(self, prompt: Asked) -> Mapping[str, Any]:
        """See `Answerer.usage`."""
        found = self._usage.get(prompt.id)
        return found.data() if found is not None else {}

    def _check_counted(self, prompt: Asked, reply: Reply) -> None:
        if reply.finish == "content_filter":
            raise EndpointError(
                f'{self.spec.host} filtered its answer to prompt "{prompt.id}"',
                "Leave the example out, or ask another server.",
            )

    def told(self) -> dict[str, Any]:
        """See `Answerer.told`."""
        return {
            "host": self.spec.host,
            "model": self.spec.model,
            "api": self.spec.api,
            "concurrency": self.spec.concurrency,
            "refused": sorted(self._requests.refused),
            "retries": self._transport.retries,
            "listed": self.spec.model in self.models or not self._looks.awake,
            **self.findings.data(),
            **self._choosing.told(),
            "longest_tokens": self._looks.longest_tokens,
        }

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except FailedRequest as failed:
            raise self._transport.told(failed) from None

    def close(self) -> None:
        """See `Answerer.close`."""
        self._transport.close()
