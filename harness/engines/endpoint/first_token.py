"""Choices told by what an answer begins with: the likeliest tokens of its first place (`top_logprobs`).

A choice is as likely as the likeliest token that begins it and no other choice. Of k tokens that a server
lists the least likely bounds all that it does not, so that the first of them that begins a choice settles
which is the likeliest. A token that begins several settles nothing, and nothing is guessed then.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.engines.endpoint.echoed import listed, written_tokens
from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.replies import Reply
from harness.engines.endpoint.requests import Requests

TopFault = Literal[
    "no-tops", "no-distribution", "processed", "not-repeatable", "same-tops", "disagrees"
]
"""`no-tops`: the server lists no other tokens. `no-distribution`: what it lists are no log-probabilities.
`processed`: they are what is left after sampling has chosen. `same-tops`: all prompts have the same."""
NUMBERS = (20, 5)
"""How many tokens are asked for: what OpenAI gives at most in a chat, and behind a text."""
SAME = 0.02
AGREES = 0.05
"""Nats, as in `harness.engines.endpoint.probe`."""
SURE = -1e-9
NEVER = -50.0
"""What servers give a token that sampling has ruled out is less; a model's own second choice is not."""


@dataclass(frozen=True)
class Told:
    """What the likeliest tokens say of a prompt's choices, named by their place.

    Attributes:
        place: of the likeliest; None where several share a beginning, or none is among the tokens.
        logprobs: of each choice that a token begins which begins no other.
        below: what those of the others are at most.
        shared: the token that begins several and is likelier than all that begin one; "" for none.
        sharing: the places of those.
        direct: whether the likeliest token of all begins a choice.
    """

    place: int | None
    logprobs: Mapping[int, float]
    below: float
    shared: str = ""
    sharing: tuple[int, ...] = ()
    direct: bool = False


def tell(choices: Sequence[str], tops: Sequence[tuple[str, float]], any_case: bool) -> Told:
    """Which choice is likeliest.

    Args:
        choices: their texts.
        tops: the likeliest tokens of the first place, with their log-probabilities (nats).
        any_case: whether "Positive" begins "positive", too; single letters are told by case.
    """
    tops = sorted(tops, key=lambda one: -one[1])
    begins = [tuple(begun_by(token, choices, any_case)) for token, _ in tops]
    logprobs: dict[int, float] = {}
    for begun, (_, value) in zip(begins, tops, strict=True):
        if len(begun) == 1:
            logprobs.setdefault(begun[0], value)
    left, direct = _left(tops), bool(begins and begins[0])
    settled = next((place for place, begun in enumerate(begins) if begun), None)
    if settled is None:
        return Told(None, logprobs, left, direct=direct)
    if len(begins[settled]) > 1:
        return Told(None, logprobs, left, tops[settled][0], begins[settled], direct)
    return Told(begins[settled][0], logprobs, left, direct=direct)


def begun_by(token: str, choices: Sequence[str], any_case: bool) -> Iterator[int]:
    """The places of the choices that a token begins, or is the whole of with signs behind it."""
    for place, choice in enumerate(choices):
        folds = any_case and len(choice.strip()) > 1
        begun, whole = (
            (text.casefold() if folds else text) for text in (token.lstrip(), choice.strip())
        )
        behind = begun.removeprefix(whole)
        if begun and (whole.startswith(begun) or (behind != begun and not behind[0].isalnum())):
            yield place


def _left(tops: Sequence[tuple[str, float]]) -> float:
    """The most that a token can have which is not listed: no more than any that is, nor than all leave."""
    if not tops:
        return 0.0
    left = 1.0 - math.fsum(math.exp(value) for _, value in tops)
    return min(tops[-1][1], math.log(max(left, 1e-6)))


def first_of(reply: Reply) -> tuple[tuple[str, float], ...]:
    """The likeliest tokens of an answer's first place, the one that was written among them."""
    written = written_tokens(reply.choice)
    return listed(written[0]) if written else ()


def doubt_tops(
    requests: Requests, asked: Sequence[dict[str, Any]], number: int
) -> TopFault | Literal[""]:
    """Why the likeliest tokens of a first place are not believed; "" where they are.

    Args:
        requests: to the server.
        asked: two prompts that a model would answer otherwise.
        number: of tokens.

    Raises:
        FailedRequest, EndpointError: the server does not answer, or does not take `number`.
    """
    replies = [requests.likeliest(one, 2, number) for one in (*asked, asked[0])]
    found = [first_of(reply) for reply in replies]
    if any(len(tops) < 2 for tops in found):
        chosen = all(tops and tops[0][1] > SURE for tops in found)
        return "processed" if chosen else "no-tops"
    values = [sorted((value for _, value in tops), reverse=True) for tops in found]
    for of in values:
        if of[0] > 1e-6 or math.fsum(map(math.exp, of)) > 1.001 or of[0] == of[-1]:
            return "no-distribution"
        if of[0] > SURE and of[1] < NEVER:
            return "processed"
    first, again = dict(found[0]), dict(found[2])
    if any(abs(first[token] - again[token]) > SAME for token in first.keys() & again.keys()):
        return "not-repeatable"
    if first == dict(found[1]):
        return "same-tops"
    return "" if _goes_on_alike(requests, asked[0], replies[0]) else "disagrees"


def _goes_on_alike(requests: Requests, asked: Mapping[str, Any], reply: Reply) -> bool:
    """Whether the second token has the log-probability that it has as the first one behind a prompt that
    the first one was put behind, as far as that can be asked."""
    written = written_tokens(reply.choice)
    if "prompt" not in asked or len(written) < 2 or reply.text != written[0].text + written[1].text:
        return True
    behind = requests.likeliest({"prompt": asked["prompt"] + written[0].text}, 1, 1)
    found = written_tokens(behind.choice)
    same = bool(found) and found[0].text == written[1].text
    return not same or abs(found[0].logprob - written[1].logprob) <= AGREES


def how_many(requests: Requests, asked: Mapping[str, Any]) -> int:
    """How many of the likeliest tokens the server lists at most; 0 for none.

    Raises:
        FailedRequest, EndpointError: it does not answer.
    """
    for number in NUMBERS:
        try:
            requests.likeliest(asked, 1, number)
        except FailedRequest as refused:
            if refused.status not in (400, 404, 422, 501):
                raise
            continue
        return number
    return 0
