"""An answerer in the manner of a server: it is sent text, writes text, and knows no token ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.engines.answerer import Answerer, Asked, Completion
from harness.engines.protocol import EngineInfo, Limits, Work
from harness.engines.stopping import cut


class TextsOnly(Answerer):
    """Answers by a table: from the last message, or the text where there are no messages."""

    capabilities = frozenset({"generate"})

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.info = EngineInfo("texts-only", "0")
        self.load_seconds = 0.0
        self.work = Work()
        self.sent: list[str] = []
        self._texts = texts

    def generate(
        self, prompts: Sequence[Asked], limits: Limits
    ) -> Iterator[tuple[int, Completion]]:
        for position, prompt in enumerate(prompts):
            told = prompt.messages[-1]["content"] if prompt.messages else prompt.text
            self.sent.append(told)
            words = self._texts[told].split()
            kept = words[: limits.max_new_tokens]
            text, stop = cut(" ".join(kept), limits.stops)
            kept = text.split()
            self.work.new_tokens += len(kept)
            reason = "stop" if stop is not None or len(words) <= limits.max_new_tokens else "length"
            yield position, Completion(text, len(kept), reason, stopped_at=stop)  # type: ignore[arg-type]
