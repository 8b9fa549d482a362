"""Opens who answers: an engine with its tokenizer, kept open while the next cell wants the same."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.engines import open_engine
from harness.engines.answerer import Answerer
from harness.engines.endpoint.spec import EndpointSpec
from harness.engines.on_ids import OnIds
from harness.engines.protocol import EngineSpec
from harness.errors import EndpointError
from harness.serving.answering import ServingAnswerer
from harness.serving.spec import ServingSpec

Spec = EngineSpec | EndpointSpec | ServingSpec
STARTS = 2
"""Times that a server is started for a model: once more after it has died."""


class Answerers:
    """At most one is kept open."""

    def __init__(self) -> None:
        self._kept: tuple[Spec, Answerer] | None = None
        self._started: list[ServingSpec] = []
        """Starts of one model's server."""

    def keep_open(self, spec: Spec, tokenizer: str) -> Answerer:
        """The one that is open, if it is of this model; else another, in its place.

        Args:
            spec: of the model.
            tokenizer: the file or folder of the lineage's tokenizer, which all its models share; ""
                where a server has its own.

        Raises:
            EndpointError: the model's server has ended, and did so again when it was started anew.
        """
        if self._kept is None or self._kept[0] != spec or not _can_go_on(self._kept[1]):
            self.close()
            if isinstance(spec, ServingSpec):
                self._count(spec)
            self._kept = spec, self.open(spec, tokenizer)
        return self._kept[1]

    def _count(self, spec: ServingSpec) -> None:
        self._started = [one for one in self._started if one == spec]
        if len(self._started) >= STARTS:
            raise EndpointError(
                "The model's server failed, was started once more, and failed again; it was not "
                "started for a third time",
                f"Its log is {spec.log}. `harness run` starts it anew.",
            )
        self._started.append(spec)

    def open(self, spec: Spec, tokenizer: str) -> Answerer:
        """Another one, which the caller closes."""
        if isinstance(spec, ServingSpec):
            return ServingAnswerer(spec, lambda: _begin(tokenizer))
        if isinstance(spec, EndpointSpec):
            from harness.engines.endpoint.answerer import EndpointAnswerer

            return EndpointAnswerer(spec)
        return OnIds(open_engine(spec), lambda: _tokenizer(tokenizer))

    def close(self) -> None:
        """Frees the one that is open."""
        if self._kept is not None:
            self._kept[1].close()
            self._kept = None


def _can_go_on(answerer: Answerer) -> bool:
    """Whether the next cell can be asked of an answerer that another one was asked of."""
    return not isinstance(answerer, ServingAnswerer) or answerer.go_on()


def _begin(path: str) -> str:
    """The marker that begins every text of a model."""
    tokenizer = _tokenizer(path)
    return (
        "" if tokenizer.bos_id is None else tokenizer.decode([tokenizer.bos_id], keep_special=True)
    )


@lru_cache(maxsize=1)
def _tokenizer(path: str) -> Any:
    from harness.engines.tokenizer import open_tokenizer

    return open_tokenizer(Path(path))
