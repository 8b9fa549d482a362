"""From what a server wrote to a completion: reasoning parted, stops cut, tokens counted."""

from __future__ import annotations

from collections.abc import Sequence

from harness.engines.answerer import Completion
from harness.engines.endpoint.replies import Reply
from harness.engines.protocol import Limits
from harness.engines.reasoning import MARKS
from harness.engines.stopping import cut


def completion_of(reply: Reply, limits: Limits) -> Completion:
    """The completion. Where the server does not count, pieces as they came count as tokens."""
    counted = reply.record()
    tokens = min(counted["new_tokens"], limits.max_new_tokens)
    text, reasoning, finished = _parted(reply)
    answer, stop = cut(text, limits.stops)
    return Completion(
        text=answer,
        tokens=tokens,
        finish_reason="length" if reply.finish == "length" and stop is None else "stop",
        reasoning=reasoning,
        reasoning_finished=finished,
        token_seconds=tuple(reply.times) if len(reply.times) == tokens else (),
        stopped_at=stop,
        request={**counted, "new_tokens": tokens},
    )


def has_ended(reply: Reply, stops: Sequence[str]) -> bool:
    """Whether what was written so far holds the end of the answer."""
    if not stops:
        return False
    text, _, finished = _parted(reply)
    return finished and cut(text, stops)[1] is not None


def _parted(reply: Reply) -> tuple[str, str | None, bool]:
    """Answer, reasoning, and whether the reasoning came to its end."""
    if reply.reasoning:
        return reply.text, reply.reasoning.strip(), bool(reply.text) or reply.finish != "length"
    begun = reply.text.lstrip()
    for opener, closer in MARKS:
        if begun.startswith(opener):
            reasoning, mark, answer = begun.removeprefix(opener).partition(closer)
            return answer, reasoning.strip(), bool(mark)
    return reply.text, None, True
