"""An answerer that has its own server: started with it, and stopped with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from harness.engines.answerer import Asked, Completion, Picked, Way
from harness.engines.endpoint.answerer import EndpointAnswerer
from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.identity import names_of
from harness.engines.endpoint.requests import asked_of
from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.endpoint.transport import Transport
from harness.engines.protocol import EngineInfo, Footprint, Limits
from harness.errors import EndpointError
from harness.serving.memory import resident_bytes
from harness.serving.server import Server
from harness.serving.spec import ServingSpec, started_words
from harness.version import __version__

DEATH_SECONDS = 1.0
"""That a connection may break before its server is seen to have died."""


class ServingAnswerer(EndpointAnswerer):
    """Asks a model that a server of the harness's own runs."""

    def __init__(self, serving: ServingSpec, begin: Callable[[], str]) -> None:
        """Starts the server, and looks at what it does.

        Args:
            serving: which.
            begin: the marker that begins every text of the model; "" where there is none.

        Raises:
            MissingToolError: it is not installed.
            EndpointError: it does not start, or serves another model.
        """
        self.serving, self._begin = serving, begin
        self._counted: dict[str, Any] = {}
        self._server = Server(serving)
        try:
            with self._watched():
                super().__init__(self._endpoint(), sleep=self._server.sleep)
        except BaseException:
            self._server.stop()
            raise
        self.load_seconds = self._server.seconds
        where = started_words(serving.server)
        self.info = EngineInfo("endpoint", __version__, device=where, threads=serving.threads)

    def _endpoint(self) -> EndpointSpec:
        if self.serving.name and self.serving.server != "transformers":
            return self._server.endpoint(self.serving.name)
        if self.serving.server == "transformers":
            return self._server.endpoint(self.serving.model)
        transport = Transport(self._server.endpoint("?"), self._server.sleep)
        try:
            listed = names_of(transport)
        except FailedRequest as failed:
            raise failed.error() from None
        finally:
            transport.close()
        if len(listed) != 1:
            raise EndpointError(
                f"The server lists {len(listed)} models, so that it is not known which is meant",
                "Say what it calls the model: `serve: {command: …, model: NAME}`.",
            )
        return self._server.endpoint(listed[0])

    def way(self, prompts: Sequence[Asked], may: frozenset[Way]) -> Way:
        """See `Answerer.way`."""
        with self._watched():
            return super().way(self._as_sent(prompts), may)

    def pick(self, prompts: Sequence[Asked], way: Way) -> Iterator[tuple[int, Picked]]:
        """See `Answerer.pick`."""
        with self._watched():
            yield from super().pick(self._as_sent(prompts), way)

    def choose(self, prompts: Sequence[Asked]) -> Iterator[tuple[int, list[float]]]:
        """See `Answerer.choose`."""
        with self._watched():
            yield from super().choose(self._as_sent(prompts))

    def generate(
        self, prompts: Sequence[Asked], limits: Limits
    ) -> Iterator[tuple[int, Completion]]:
        """See `Answerer.generate`."""
        with self._watched():
            yield from super().generate(self._as_sent(prompts), limits)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Says of a failure that the server has died, where that is why."""
        try:
            yield
        except EndpointError:
            if self._server.process.wait(DEATH_SECONDS):
                raise self._server.died() from None
            raise

    def _as_sent(self, prompts: Sequence[Asked]) -> Sequence[Asked]:
        """Prompts as the server is to get them: without the marker that begins a text where the server
        puts one before every text, so that there is one and not two."""
        if not prompts or not self.findings.counts_prompts:
            return prompts
        if not self._counted:
            self._counted = self._look(prompts[0])
        if not self._counted["without_begin"]:
            return prompts
        begin = self._begin()
        return [
            cast(Asked, replace(cast(Any, one), text=one.text.removeprefix(begin)))
            for one in prompts
        ]

    def _look(self, prompt: Asked) -> dict[str, Any]:
        """How many tokens a prompt is here and there."""
        with self._told():
            there = self._requests.count(asked_of(prompt, self.spec.api))
        here, begin, twice = len(prompt.ids), self._begin(), False
        if (
            there == here + 1
            and begin
            and prompt.text.startswith(begin)
            and self.spec.api != "chat"
        ):
            there, twice = here, True
        return {"tokens_here": here, "tokens_there": there, "without_begin": twice}

    def go_on(self) -> bool:
        """Whether the server still runs; then another cell may be asked, whatever came of the last."""
        self._transport.begin_anew()
        return self._server.process.is_alive

    def told(self) -> dict[str, Any]:
        """See `Answerer.told`."""
        name = self.serving.name or self.spec.model
        mine = {"host": self.info.device, "started": self.serving.server, "model": name}
        return {**super().told(), **mine, **self._counted}

    def footprint(self) -> Footprint:
        """The model's files, and the most memory that the server's processes ever had, added up."""
        place = Path(self.serving.model)
        files = [place] if place.is_file() else place.rglob("*.safetensors")
        return Footprint(
            sum(file.stat().st_size for file in files),
            sum(map(resident_bytes, self._server.process.processes())),
            0,
        )

    def close(self) -> None:
        """See `Answerer.close`."""
        super().close()
        self._server.stop()
