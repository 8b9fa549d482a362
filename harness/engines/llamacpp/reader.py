"""One sequence, a part at a time: the same calls of llama.cpp as for an answer among many."""

from __future__ import annotations

from collections.abc import Sequence

from harness.engines.contexts import common_prefix_length
from harness.engines.llamacpp.caches import Caches
from harness.engines.llamacpp.model import LlamaModel
from harness.engines.protocol import LogProbs


class LlamaReader:
    """See `harness.engines.checks.Reader`. What was read is kept, so that a conversation goes on from there.

    That is the prompt, whose keys and values do not depend on what it was run with (`LlamaContext`), so that
    nothing is written otherwise than from the start. What was written behind it is read once more: a step of
    decoding adds up attention in another order.
    """

    def __init__(self, caches: Caches, tokens: int, model: LlamaModel) -> None:
        """Args:
        caches: to work in.
        tokens: most of the sequence.
        model: what is run.
        """
        least = model.least_rows if model.forgets else 1
        self._cache = caches.get(tokens, least, least)
        self._goes_back = model.forgets and model.turns_at is None
        self._ids: list[int] = []
        """Of the prompt that was read."""
        self._has_read = False

    def read(self, ids: Sequence[int]) -> LogProbs:
        """See `Reader.read`; the prompt comes first."""
        if self._has_read:
            logits: LogProbs = (
                self._cache.step(ids)[0] if len(ids) == 1 else self._cache.run_one(0, ids)
            )
            return logits
        self._has_read = True
        self._ids += ids
        return self._cache.run_one(0, ids)

    def begin(self, prompt: Sequence[int], tokens: int) -> int | None:
        """Goes back to where a prompt parts from what was read.

        Args:
            prompt: that is to be read next.
            tokens: most of its sequence.

        Returns:
            How many of its ids need not be read again, at most all but one; None where another reader is
            needed.
        """
        if not self._goes_back or tokens > self._cache.cells:
            return None
        known = min(common_prefix_length(self._ids, prompt), len(prompt) - 1)
        del self._ids[known:]
        self._cache.keep(0, known)
        self._has_read = False
        return known
