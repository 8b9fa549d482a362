"""The caches that an engine works in, made as large as is wanted and as memory has room for.

What llama.cpp allocates for a cache are its keys and values, which grow with its streams, and what a call computes, which
grows with a call's tokens: it is told apart by nothing but words of its log, so that both are halved.
"""

from __future__ import annotations

from harness.engines.llamacpp.context import LlamaContext
from harness.engines.llamacpp.model import LlamaModel
from harness.engines.llamacpp.sizes import LEAST_TOKENS
from harness.errors import OutOfMemoryError


class Caches:
    """One cache at a time: the last one again where it is large enough."""

    def __init__(self, model: LlamaModel, threads: int, batch: dict[str, int]) -> None:
        """`batch` says how much is run together (`EngineInfo.batch`), and what that came to be."""
        self._model, self._threads, self.batch = model, threads, batch
        self._last: LlamaContext | None = None

    def get(self, cells: int, streams: int, least: int = 1) -> LlamaContext:
        """An empty cache of at least so many tokens a stream, and with as many streams, and as many tokens to a call,
        as memory has room for.

        Args:
            cells: tokens of a stream.
            streams: that are wanted.
            least: that have to be.

        Raises:
            OutOfMemoryError: there is no room for even `least`, and short calls.
        """
        while True:
            try:
                return self._of(cells, streams)
            except OutOfMemoryError:
                tokens = self.batch["tokens"]
                if streams <= least and tokens <= LEAST_TOKENS:
                    raise
                streams = max(least, streams // 2)
                self.batch["tokens"] = min(tokens, max(LEAST_TOKENS, tokens // 2))

    def _of(self, cells: int, streams: int) -> LlamaContext:
        cache, turns_at = self._last, self._model.turns_at
        if cache is not None:
            other_side = turns_at and (cells > turns_at) != (cache.cells > turns_at)
            if cells <= cache.cells and streams <= cache.streams and not other_side:
                cache.clear()
                return cache
            self.close()
        tokens = self.batch["tokens"]
        self._last = LlamaContext(self._model, cells, streams, self._threads, tokens)
        return self._last

    def close(self) -> None:
        """Frees it."""
        if self._last is not None:
            self._last.close()
            self._last = None
