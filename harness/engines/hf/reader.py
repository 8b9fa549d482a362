"""One sequence, a part at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.engines.hf.passes import Passes
from harness.engines.oom import memory_errors
from harness.engines.protocol import LogProbs


@dataclass(frozen=True)
class HfReader:
    """See `harness.engines.checks.Reader`."""

    passes: Passes

    def read(self, ids: Sequence[int]) -> LogProbs:
        """See `Reader.read`."""
        with memory_errors("writing an answer"):
            logits: LogProbs = self.passes.read([ids])[0].float().cpu().numpy()
        return logits
