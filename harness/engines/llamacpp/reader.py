"""One sequence, a part at a time: the same calls of llama.cpp as for an answer among many."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.engines.llamacpp.context import LlamaContext
from harness.engines.llamacpp.model import LlamaModel
from harness.engines.llamacpp.score import cache_of
from harness.engines.protocol import LogProbs


class LlamaReader:
    """See `harness.engines.checks.Reader`."""

    def __init__(
        self, make_cache: Callable[[int, int], LlamaContext], tokens: int, model: LlamaModel
    ) -> None:
        """Args:
        make_cache: gives an empty cache of so many tokens a stream, and streams.
        tokens: most of the sequence.
        model: what is run.
        """
        least = model.least_rows if model.forgets else 1
        self._cache = cache_of(make_cache, tokens, least, least)

    def read(self, ids: Sequence[int]) -> LogProbs:
        """See `Reader.read`."""
        if self._cache.lengths[0] and len(ids) == 1:
            logits: LogProbs = self._cache.step(ids)[0]
            return logits
        return self._cache.run_one(0, ids)
