"""An answerer over a connection: several requests side by side, each answer given on as it comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, TypeVar

from harness.capabilities import CAPABILITIES
from harness.engines.answerer import Answerer, Asked, Completion
from harness.engines.endpoint.cutting import check_uncut
from harness.engines.endpoint.echoed import DoubtfulError
from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.identity import identify
from harness.engines.endpoint.probe import Findings, probe, score
from harness.engines.endpoint.replies import Reply
from harness.engines.endpoint.requests import Requests, asked_of
from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.endpoint.transport import Transport
from harness.engines.endpoint.written import completion_of
from harness.engines.protocol import EngineInfo, Limits, Work
from harness.errors import EndpointError
from harness.version import __version__

T = TypeVar("T")


class EndpointAnswerer(Answerer):
    """Asks a served model."""

    capabilities = CAPABILITIES["endpoint"]
    models: tuple[str, ...] = ()
    """What the server says that it serves."""

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
        self._unscored = ""
        self._transport = Transport(spec, sleep, clock)
        self._requests = Requests(self._transport)
        self.info = EngineInfo("endpoint", __version__, device=spec.host)
        try:
            with self._told():
                self._find_model()
                self.findings: Findings = probe(self._requests, spec.api)
        except BaseException:
            self._transport.close()
            raise
        self.load_seconds = clock() - started

    def _find_model(self) -> None:
        identity = identify(self._transport)
        if not identity.serves(self.spec.model):
            names = ", ".join(f"`{name}`" for name in identity.models[:10])
            raise EndpointError(
                f"The server {self.spec.host} does not serve `{self.spec.model}`",
                f"It serves {names}.",
            )
        self.models = identity.models

    def unscored(self, prompts: Sequence[Asked]) -> str:
        """See `Answerer.unscored`: what the probe found, and how the first of these prompts fares."""
        self._unscored = self.findings.unscored or self._first_of(prompts)
        return self._unscored

    def _first_of(self, prompts: Sequence[Asked]) -> str:
        """Why the choices of a task's first prompt cannot be scored; "" where they can."""
        if not prompts:
            return ""
        first = prompts[0]
        try:
            with self._told():
                found = {
                    round(score(self._requests, first.text, c), 6) for c in first.continuations
                }
        except DoubtfulError as doubt:
            return doubt.fault
        return "chance" if len(found) == 1 < len(first.continuations) else ""

    def choose(self, prompts: Sequence[Asked]) -> Iterator[tuple[int, list[float]]]:
        """See `Answerer.choose`.

        Raises:
            EndpointError: the server fails, or gives what cannot be the choices' log-probabilities.
        """
        yield from self._side_by_side(prompts, self._scores)

    def _scores(self, prompt: Asked) -> list[float]:
        try:
            return [score(self._requests, prompt.text, choice) for choice in prompt.continuations]
        except DoubtfulError as doubt:
            raise EndpointError(
                f"{self.spec.host} gives no log-probabilities that hold for the choices of prompt "
                f'"{prompt.id}" ({doubt.fault})',
                "Set `ask: generate`, so that the answer is written and read.",
            ) from None

    def generate(
        self, prompts: Sequence[Asked], limits: Limits
    ) -> Iterator[tuple[int, Completion]]:
        """See `Answerer.generate`.

        Raises:
            EndpointError: the server fails, or leaves out a part of the longest prompt.
        """
        if prompts and self.findings.counts_prompts:
            with self._told():
                check_uncut(self._requests, prompts, self.spec)

        def write(prompt: Asked) -> Completion:
            asked = asked_of(prompt, self.spec.api)
            reply = self._requests.write(asked, limits.max_new_tokens, limits.stops)
            self._check_counted(prompt, reply)
            done = completion_of(reply, limits)
            with self._lock:
                self.work.prompt_tokens += reply.prompt_tokens or 0
                self.work.new_tokens += done.tokens
            return done

        yield from self._side_by_side(prompts, write)

    def _check_counted(self, prompt: Asked, reply: Reply) -> None:
        if reply.finish == "content_filter":
            raise EndpointError(
                f'{self.spec.host} filtered its answer to prompt "{prompt.id}"',
                "Leave the example out, or ask another server.",
            )

    def _side_by_side(
        self, prompts: Sequence[Asked], answer: Callable[[Asked], T]
    ) -> Iterator[tuple[int, T]]:
        """Answers as they come; what was answered before a failure comes before it is raised."""
        pool = ThreadPoolExecutor(self.spec.concurrency, thread_name_prefix="ask")
        failure: Exception | None = None
        places = iter(range(len(prompts)))
        running: dict[Future[T], int] = {}
        try:
            while True:
                while failure is None and len(running) < self.spec.concurrency:
                    place = next(places, None)
                    if place is None:
                        break
                    running[pool.submit(answer, prompts[place])] = place
                if not running:
                    break
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    place = running.pop(future)
                    error = future.exception()
                    if error is None:
                        yield place, future.result()
                    elif isinstance(error, FailedRequest):
                        failure = failure or self._transport.told(error, prompts[place].id)
                    elif isinstance(error, Exception):
                        failure = failure or error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        if failure is not None:
            raise failure

    def told(self) -> dict[str, Any]:
        """See `Answerer.told`."""
        return {
            "host": self.spec.host,
            "model": self.spec.model,
            "api": self.spec.api,
            "concurrency": self.spec.concurrency,
            "refused": sorted(self._requests.refused),
            "retries": self._transport.retries,
            "listed": self.spec.model in self.models,
            **self.findings.data(),
            "unscored": self._unscored,
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
