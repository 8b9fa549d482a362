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


class Answerers:
    """At most one is kept open."""

    def __init__(self) -> None:
        self._kept: tuple[EngineSpec | EndpointSpec, Answerer] | None = None

    def keep_open(self, spec: EngineSpec | EndpointSpec, tokenizer: str) -> Answerer:
        """The one that is open, if it is of this model; else another, in its place.

        Args:
            spec: of the model.
            tokenizer: the file or folder of the lineage's tokenizer, which all its models share; ""
                where a server has its own.
        """
        if self._kept is None or self._kept[0] != spec:
            self.close()
            self._kept = spec, self.open(spec, tokenizer)
        return self._kept[1]

    def open(self, spec: EngineSpec | EndpointSpec, tokenizer: str) -> Answerer:
        """Another one, which the caller closes."""
        if isinstance(spec, EndpointSpec):
            from harness.engines.endpoint.answerer import EndpointAnswerer

            return EndpointAnswerer(spec)
        return OnIds(open_engine(spec), lambda: _tokenizer(tokenizer))

    def close(self) -> None:
        """Frees the one that is open."""
        if self._kept is not None:
            self._kept[1].close()
            self._kept = None


@lru_cache(maxsize=1)
def _tokenizer(path: str) -> Any:
    from harness.engines.tokenizer import open_tokenizer

    return open_tokenizer(Path(path))
