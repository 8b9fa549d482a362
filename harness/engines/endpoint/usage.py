"""What answering one prompt took of a server: requests and tokens, as it counts them, else as is reckoned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from harness.engines.endpoint.replies import Reply
from harness.engines.endpoint.spending import MESSAGE_TOKENS, texts_of

BYTES_PER_TOKEN = 3.0
"""Of UTF-8 text, as `harness.estimate.asked` has it: few tokenizers make shorter tokens."""


@dataclass
class Usage:
    """Tokens of one answer's requests, those that are remembered included.

    Attributes:
        requests: that the answer was made of.
        remembered: of them, those that were remembered, so that nothing was sent.
        input: tokens read, cached ones included.
        cached: of them, those that the server had cached, as far as it says.
        output: tokens written, reasoning included.
        reasoning: of them, those that are no part of the answer, as far as it says.
        reckoned: requests whose tokens the server did not tell.
        fingerprint: the last under which the server answered; "" where it does not say.
    """

    requests: int = 0
    remembered: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0
    reckoned: int = 0
    fingerprint: str = ""

    def add(self, body: Mapping[str, Any], reply: Reply) -> None:
        """Counts a request and its answer."""
        told = reply.billed
        self.requests += 1
        self.remembered += reply.remembered
        self.reckoned += told is None
        self.input += _read(body, reply)
        self.cached += reply.cached_tokens
        self.output += reply.new_tokens if reply.new_tokens is not None else len(reply.times)
        self.reasoning += reply.reasoning_tokens
        self.fingerprint = reply.fingerprint or self.fingerprint

    def data(self) -> dict[str, Any]:
        """As a sample keeps it."""
        return asdict(self)


def _read(body: Mapping[str, Any], reply: Reply) -> int:
    if reply.prompt_tokens is not None:
        return reply.prompt_tokens
    texts = texts_of(body)
    around = MESSAGE_TOKENS // 2 * len(texts) if "messages" in body else 1
    return around + sum(ceil(len(text.encode()) / BYTES_PER_TOKEN) for text in texts)
