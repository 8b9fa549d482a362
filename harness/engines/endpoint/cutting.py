"""Whether a server leaves out a part of long prompts without a word, as Ollama does beyond `num_ctx`.

The longest prompt of a task is asked as it is and with more behind it. What reads all of it counts more
tokens for the longer one; what cuts counts as many, or refuses. No vocabulary need be known for that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.engines.answerer import Asked
from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.requests import Requests, asked_of
from harness.engines.endpoint.spec import EndpointSpec
from harness.errors import PromptTooLongError

MORE = " and one more word" * 12
LEAST_MORE = 12
"""Tokens that this is at least."""


def longest_of(prompts: Sequence[Asked]) -> Asked:
    """The prompt of most characters; the first of equals."""
    return max(prompts, key=_length)


def check_uncut(requests: Requests, longest: Asked, spec: EndpointSpec) -> int | None:
    """Looks whether a prompt is read whole, and gives how many tokens of it the server counts.

    Raises:
        PromptTooLongError: it is not.
        FailedRequest, EndpointError: the server fails.
    """
    asked = asked_of(longest, spec.api)
    count = requests.count(asked)
    try:
        more = requests.count(_longer(asked))
    except FailedRequest as refused:
        if refused.status in (400, 413, 422):
            return count  # it says so where a prompt is too long
        raise
    if count is not None and more is not None and more < count + LEAST_MORE:
        raise PromptTooLongError(
            f'{spec.host} does not read the whole of prompt "{longest.id}" ({_length(longest)} '
            f"characters): it counts {count} tokens, and {more} with {len(MORE.split())} words more",
            "Serve the model with a longer context (in Ollama by OLLAMA_CONTEXT_LENGTH), or "
            "use fewer shots. Nothing was asked.",
        )
    return count


def _length(prompt: Asked) -> int:
    if prompt.messages:
        return sum(len(str(message["content"])) for message in prompt.messages)
    return len(prompt.text)


def _longer(asked: dict[str, Any]) -> dict[str, Any]:
    if "prompt" in asked:
        return {"prompt": asked["prompt"] + MORE}
    *before, last = asked["messages"]
    return {"messages": [*before, {**last, "content": f"{last['content']}{MORE}"}]}
