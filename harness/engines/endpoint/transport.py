"""Sends requests to a server: again where that may help, with growing waits, and never for ever.

Waits grow twofold with jitter (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015: full
jitter). What a cell may lose on them is bounded by the time since the last answer.
"""

from __future__ import annotations

import json
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

import httpx2

from harness.concealed import without
from harness.engines.endpoint.failures import FailedRequest, Here
from harness.engines.endpoint.spec import EndpointSpec, withheld
from harness.engines.endpoint.spending import Bill, Spending
from harness.errors import EndpointError

T = TypeVar("T")
Read = Callable[[httpx2.Response, Callable[[], float]], T]
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds; the first wait is at most this, each further one at most twice as long."""
CONNECT_SECONDS = LOOK_SECONDS = 10.0
"""What a server that is there says of itself, it says in less."""
FIRST_TRIES = 3
"""A server that was never reached is knocked at so often, so that a wrong `url` shows in seconds."""


class Transport:
    """One server's connections; may be used by several threads."""

    def __init__(
        self,
        spec: EndpointSpec,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Opens nothing yet.

        Args:
            spec: whom to ask.
            sleep: waits so many seconds.
            clock: seconds.

        Raises:
            EndpointError: the variable that is to hold the key does not.
        """
        self.spec, self._sleep, self.clock = spec, sleep, clock
        self._secret = spec.secret()
        self._here = Here(spec.host, spec.model, spec.key)
        self._client = httpx2.Client(**self._settings(spec.concurrency + 1))
        self._spending = Spending(spec.purse) if spec.purse is not None else None
        self._random = random.Random(0)
        self._answered = clock()
        self._ever = False
        self._ended = threading.Event()
        self.retries = 0
        """Requests that were sent again."""

    def _settings(self, connections: int) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._secret}"} if self._secret else {}
        return {
            "headers": headers,
            "limits": httpx2.Limits(
                max_connections=connections, max_keepalive_connections=connections
            ),
            "trust_env": not self.spec.is_here,
            "verify": _trusted(self.spec.authorities) if self.spec.authorities else True,
            "follow_redirects": False,
        }

    def side_by_side(self, connections: int) -> httpx2.AsyncClient:
        """The same way to the server for requests that are sent once each, as many at a time."""
        return httpx2.AsyncClient(**self._settings(connections), timeout=self.spec.timeout)

    def get(self, url: str) -> Any:
        """The JSON at an address, asked for once; None where there is none to be had.

        Raises:
            FailedRequest: the server is not there, does not answer at all, or does not take the key.
        """
        try:
            return self._once("GET", url, None, whole)
        except FailedRequest as failed:
            if failed.kind == "unreachable" or failed.slow or failed.status in (401, 403):
                raise
            return None

    def post(self, path: str, body: Mapping[str, Any], read: Read[T]) -> T:
        """What a server answers.

        Args:
            path: behind the API's address.
            body: that is sent, as JSON.
            read: reads the answer; is given what tells the seconds since the request was sent, and
                raises where they are too many.

        Raises:
            FailedRequest: of kind `lasting`; asking again would change nothing.
            EndpointError: it failed more often, or for longer, than the suite allows.
            SpendingLimitError: it may cost more than the suite allows; it was not sent.
        """
        attempt = 0
        while True:
            if self._ended.is_set():
                raise EndpointError("Nothing more is asked of a server that has failed")
            try:
                with self._billing(body) as bill:
                    found = self._once("POST", f"{self.spec.url}{path}", body, read)
                    bill.came(found)
            except FailedRequest as failed:
                if failed.kind == "lasting":
                    raise
                self._wait(failed, attempt)
                attempt += 1
                self.retries += 1
                continue
            self._answered, self._ever = self.clock(), True
            return found

    def _billing(self, body: Mapping[str, Any]) -> AbstractContextManager[Bill]:
        return nullcontext(Bill()) if self._spending is None else self._spending.billing(body)

    def billing_together(
        self, bodies: Sequence[Mapping[str, Any]]
    ) -> AbstractContextManager[list[Bill]]:
        """Bills of requests that are sent by `side_by_side`: what they may cost is set aside for all at
        once."""
        if self._spending is None:
            return nullcontext([Bill() for _ in bodies])
        return self._spending.together(bodies)

    def _wait(self, failed: FailedRequest, attempt: int) -> None:
        """Waits before the next attempt, or gives up for all."""
        wait = self._random.uniform(0.5, 1.0) * min(LONGEST_WAIT, FIRST_WAIT * 2**attempt)
        wait = max(wait, failed.after)
        lost = self.clock() - self._answered + wait
        never = failed.kind == "unreachable" and not self._ever and attempt + 1 >= FIRST_TRIES
        often = failed.kind == "broken" and attempt >= self.spec.retries
        if never or often or lost > self.spec.patience:
            self._ended.set()
            asked = f"; it asks to wait for {failed.after:g} seconds" if failed.after else ""
            raise failed.error(f" ({attempt + 1} attempts{asked})")
        self._sleep(wait)

    def _once(
        self,
        method: str,
        url: str,
        body: Mapping[str, Any] | None,
        read: Read[T],
    ) -> T:
        begun = self.clock()

        def elapsed() -> float:
            seconds = self.clock() - begun
            if seconds > self.spec.timeout:
                raise self._here.too_slow()
            return seconds

        try:
            seconds = self.spec.timeout if body is not None else LOOK_SECONDS
            limits = httpx2.Timeout(
                min(seconds, self.spec.timeout), connect=min(CONNECT_SECONDS, self.spec.timeout)
            )
            with self._client.stream(method, url, json=body, timeout=limits) as response:
                if not response.is_success:
                    response.read()
                    raise self.refusal(response)
                return withheld(self._secret, read(response, elapsed))
        except httpx2.HTTPError as error:
            raise self.broken(error) from None
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise self.half(type(error).__name__) from None

    def refusal(self, response: httpx2.Response) -> FailedRequest:
        """An answer, read whole, that is a refusal."""
        said = without(self._secret, response.text)
        return self._here.of_status(response.status_code, response.headers, said)

    def broken(self, error: httpx2.HTTPError) -> FailedRequest:
        """A connection that was not made, or broke."""
        failed = self._here.of_transport(error)
        failed.message = without(self._secret, failed.message)
        return failed

    def too_slow(self) -> FailedRequest:
        """An answer that did not come within the endpoint's `timeout`."""
        return self._here.too_slow()

    def half(self, why: str) -> FailedRequest:
        """An answer that is not whole."""
        return FailedRequest(
            "broken",
            f"What the server {self.spec.host} answers is no whole answer ({why})",
            "Its log may say why; perhaps `url` is not that of an OpenAI-compatible API.",
        )

    def told(self, error: FailedRequest, prompt: str = "") -> EndpointError:
        """A lasting failure for whoever reads the result; nothing more is asked."""
        self._ended.set()
        return error.error(f' (prompt "{prompt}")' if prompt else "")

    def begin_anew(self) -> None:
        """Forgets that a request failed for good, for whoever knows that the server is there."""
        self._answered = self.clock()
        self._ended.clear()

    def close(self) -> None:
        """Closes all connections."""
        self._client.close()
        if self._spending is not None:
            self._spending.close()


def _trusted(authorities: str) -> ssl.SSLContext:
    """Whose certificates are believed: the system's authorities, and these (PEM)."""
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=authorities)
    return context


def whole(response: httpx2.Response, elapsed: Callable[[], float]) -> Any:
    """A JSON object, read in one piece."""
    parts = []
    for part in response.iter_bytes():
        parts.append(part)
        elapsed()
    found = json.loads(b"".join(parts))
    if not isinstance(found, dict):
        raise TypeError("no object")
    return found
