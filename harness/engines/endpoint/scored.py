"""The log-probabilities of a prompt's choices, by echo: one request a choice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.engines.answerer import Asked
from harness.engines.endpoint.echoed import DoubtfulError, read_echo
from harness.engines.endpoint.requests import Requests


def score(requests: Requests, prompt: str, answer: str, behind: str = "") -> float:
    """The log-probability (nats) of an answer behind a prompt, as the server gives it.

    Args:
        requests: to the server.
        prompt: the text before it.
        answer: that is scored.
        behind: that follows and changes nothing of it.

    Raises:
        DoubtfulError: what it gives cannot be it.
        FailedRequest, EndpointError: it does not answer.
    """
    whole = prompt + answer
    echoed = read_echo(requests.echo(whole + behind).choice, whole + behind)
    return echoed.between(len(prompt), len(whole))


def scores_of_one(requests: Requests, prompt: str, tokens: Sequence[str]) -> Iterator[float | None]:
    """The same of what was listed as one token each; None where it is none, or several, when it is given,
    or changes how the prompt is cut.

    Raises:
        DoubtfulError, FailedRequest, EndpointError: see `score`.
    """
    end = len(prompt)
    alone = read_echo(requests.echo(prompt).choice, prompt).starts
    for token in tokens:
        whole = prompt + token
        if not token or "\ufffd" in token:
            yield None
            continue
        echoed = read_echo(requests.echo(whole).choice, whole)
        inside = [start for start in echoed.starts if start < len(whole)]
        same = inside == [*(start for start in alone if start < end), end]
        yield echoed.between(end, len(whole)) if same else None


def scores(requests: Requests, prompt: Asked) -> list[float]:
    """The log-probability (nats) of each choice of a prompt.

    Raises:
        DoubtfulError: what the server gives cannot be it, or the prompt is cut otherwise before one choice
            than before another.
        FailedRequest, EndpointError: it does not answer.
    """
    end, found, before = len(prompt.text), [], set()
    for choice in prompt.continuations:
        whole = prompt.text + choice
        echoed = read_echo(requests.echo(whole).choice, whole)
        found.append(echoed.between(end, len(whole)))
        before.add(tuple(start for start in echoed.starts if start < end))
    if len(before) > 1:
        raise DoubtfulError("boundary")
    return found
