"""A server that is started, waited for, and stopped."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import httpx2

from harness.engines.endpoint.spec import EndpointSpec
from harness.errors import EndpointError
from harness.serving.launch import KEY_VARIABLE, At, Launch, launch_of, new_key
from harness.serving.ollama import import_model
from harness.serving.ports import HOST, take_port
from harness.serving.process import ServerProcess
from harness.serving.spec import ServingSpec

STARTS = 3
"""Times that another port is tried where somebody was faster."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
"""Seconds between looks whether it is ready."""
LOOK_SECONDS = 5.0
IN_USE = ("address already in use", "errno 98", "only one usage of each socket")


class Server:
    """One that runs, and that is ready."""

    def __init__(self, spec: ServingSpec, clock: Callable[[], float] = time.monotonic) -> None:
        """Starts it, and waits until it can be asked.

        Raises:
            MissingToolError: it is not installed.
            EndpointError: it ends, or is not ready in time; with the end of its log.
        """
        self.spec, self._clock = spec, clock
        self._key = new_key()
        self.variable = f"{KEY_VARIABLE}_{os.getpid()}_{id(self):x}"
        """The environment variable of this process that holds its key."""
        os.environ[self.variable] = self._key  # from here on it is kept out of every log
        for start in range(STARTS):
            self._port = take_port(spec.first_port, spec.last_port)
            try:
                if self._run(launch_of(spec, At(self._port.number, self._key)), start + 1 < STARTS):
                    break
            except BaseException:
                self._port.close()
                del os.environ[self.variable]
                raise
            self._port.close()
        self.seconds = clock() - self._began
        """Until it was ready."""

    @property
    def url(self) -> str:
        """Of the API."""
        return f"http://{HOST}:{self._port.number}{self.spec.base}"

    @property
    def process(self) -> ServerProcess:
        """That runs it."""
        return self._process

    def _run(self, launch: Launch, may_move: bool) -> bool:
        """Whether it is ready at this port; False: somebody else took the port first."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(KEY_VARIABLE)
        }
        self._began = self._clock()
        self._process = ServerProcess(
            launch.command,
            {**environment, **launch.environment},
            Path(self.spec.log),
            self.spec.folder if self.spec.server == "command" else "",
        )
        try:
            taken = self._await(launch.ready)
            if taken and not may_move:
                raise self._failed(f"port {self._port.number} is another program's")
            if taken:
                self._process.stop()
                return False
            import_model(self.spec, f"http://{HOST}:{self._port.number}")
        except BaseException:
            self._process.stop()
            raise
        return True

    def _await(self, ready: str) -> bool:
        """Waits until it is ready; gives whether somebody else listens at its port.

        Raises:
            EndpointError: it ends, or takes too long.
        """
        place = ready if "://" in ready else f"http://{HOST}:{self._port.number}{ready}"
        headers = {"Authorization": f"Bearer {self._key}"}
        pause, process = FIRST_PAUSE, self._process
        with httpx2.Client(headers=headers, timeout=LOOK_SECONDS, trust_env=False) as client:
            while True:
                if process.wait(pause):
                    tail = process.tail().lower()
                    if any(words in tail for words in IN_USE):
                        return True
                    raise self._failed(process.ending)
                if _answers(client, place):
                    return process.listens_at(self._port.number) is False
                seconds = self._clock() - self._began
                if seconds > self.spec.start_timeout:
                    raise self._failed(
                        f"it was not ready after {self.spec.start_timeout:g} seconds",
                        "Raise `start_timeout`. ",
                    )
                pause = min(LONGEST_PAUSE, 1.5 * pause)

    def _failed(self, why: str, hint: str = "") -> EndpointError:
        return EndpointError(
            f"The server of {self.spec.name} ({self.spec.server}) did not start: {why}{self._said()}",
            f"{hint}Its log is {self.spec.log}.",
        )

    def _said(self) -> str:
        tail = self._process.tail()
        return f". It said last:\n{tail}" if tail else ". It said nothing"

    def sleep(self, seconds: float) -> None:
        """Waits, unless the server has died meanwhile.

        Raises:
            EndpointError: it has.
        """
        if self._process.wait(seconds):
            raise self.died()

    def died(self) -> EndpointError:
        """What is said of a server that ended by itself."""
        return EndpointError(
            f"The server of {self.spec.name} ({self.spec.server}) died: "
            f"{self._process.ending}{self._said()}",
            f"What it answered is kept; `harness run` goes on with the rest. Its log is {self.spec.log}.",
        )

    def endpoint(self, name: str) -> EndpointSpec:
        """Where and how it is asked, under the name that it has for the model."""
        spec = self.spec
        return EndpointSpec(
            url=self.url,
            model=name,
            key=self.variable,
            api=spec.api,
            concurrency=spec.concurrency,
            timeout=spec.timeout,
            retries=spec.retries,
            patience=spec.patience,
            scoring=spec.scoring,
        )

    def stop(self) -> None:
        """Ends it; nothing of it is left."""
        self._process.stop()
        self._port.close()
        os.environ.pop(self.variable, None)


def _answers(client: httpx2.Client, place: str) -> bool:
    try:
        return client.get(place).status_code == 200
    except httpx2.HTTPError:
        return False
