"""What a server does with a text of known scores, found before anything is believed.

Log-probabilities of given answers hold where five things are so, none of which needs the model's
weights: the text comes back cut into its tokens; a token that the model may write behind the text has
there the log-probability that it has when it is written; the same question gets the same
answer, also after another one and whatever stands behind (a stale cache shows here); different answers
get different scores; and a text is sent on as it is, and not put through a template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.engines.endpoint.echoed import DoubtfulError, listed, written_tokens
from harness.engines.endpoint.failures import FailedRequest
from harness.engines.endpoint.replies import Reply
from harness.engines.endpoint.requests import Requests
from harness.engines.endpoint.scored import score, scores_of_one

AGAIN_AND_AGAIN = "north, south, north, south, north, south, north, south, north, south, north,"
"""What goes on like this does so no more where repetition is punished."""
TEXT = "The ship left the harbour at noon, and the letter said that the price of"
ANSWERS = (" bread", " coal", " the old bank in the north")
"""Of one token and of several, whatever the vocabulary."""
NEW_TOKENS = 12
BEHIND = " and so did the captain, who had seen the harbour before;" * 2
"""What stands behind an answer changes nothing of it; with it, an answer lies where servers keep what they
have computed before, in blocks of 16 tokens and more."""
LISTED = 5
"""Tokens that a place is asked for: the most that OpenAI's API lists behind a text."""
ENOUGH = 2
"""By so many more tokens that agree the matter is settled."""
SAME = 0.02
"""Nats that a log-probability may change when it is computed again, in another batch."""
AGREES = 0.05
"""Nats between that of a token that is written and of the same token when it is given."""
REFUSED = frozenset({400, 404, 422, 501})
"""What servers answer that do not know `echo` or `logprobs`."""
WRAPPED_TOKENS = 8
"""A text of one letter is fewer tokens than this, a begin marker and whatever splits it included."""


@dataclass(frozen=True)
class Findings:
    """What was found; None where it cannot be seen.

    Attributes:
        unscored: why log-probabilities of given answers are not used; "" where they hold.
        repeats: whether the same question was answered alike twice.
        greedy: whether all that was written is what the server itself finds likeliest.
        counts_prompts: whether the server says how many tokens it read.
        wrapped: whether a text that is to be continued is put through a template.
    """

    unscored: str
    repeats: bool | None = None
    greedy: bool | None = None
    counts_prompts: bool = False
    wrapped: bool | None = None

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def probe(requests: Requests, api: str) -> Findings:
    """Asks a server what it does.

    Raises:
        FailedRequest, EndpointError: it does not answer at all.
    """
    asked = [put(text, api) for text in (TEXT, AGAIN_AND_AGAIN)]
    replies = [requests.write(asked[0], NEW_TOKENS, seed=seed) for seed in range(2)]
    repeats = _said(replies[0]) == _said(replies[1])
    counts = requests.count(asked[0]) is not None
    greedy = _greedy(requests, asked)
    if api == "chat":
        return Findings("chat-api", repeats, greedy, counts)
    one = requests.count({"prompt": "a"}) if counts else None
    wrapped = None if one is None else one >= WRAPPED_TOKENS
    try:
        unscored = _judged(requests)
    except DoubtfulError as doubt:
        unscored = doubt.fault
    except FailedRequest as refused:
        _pass_refusal(refused)
        unscored = "echo-refused"
    return Findings("wrapped" if wrapped else unscored, repeats, greedy, counts, wrapped)


def _said(reply: Reply) -> tuple[str, str]:
    return reply.text, reply.reasoning


def put(text: str, api: str) -> dict[str, Any]:
    """A text as a prompt of an API."""
    return {"messages": [{"role": "user", "content": text}]} if api == "chat" else {"prompt": text}


def _pass_refusal(refused: FailedRequest) -> None:
    """A server that says that it does not take a request goes on being asked others."""
    if refused.status not in REFUSED:
        raise refused


def _greedy(requests: Requests, asked: Sequence[dict[str, Any]]) -> bool | None:
    """Whether each token that is written is the one that the server finds likeliest, as far as it
    says."""
    found = []
    for one in asked:
        try:
            choice = requests.likeliest(one, NEW_TOKENS).choice
        except FailedRequest as refused:
            _pass_refusal(refused)
            return None
        found += written_tokens(choice)
    known = [of for of in found if of.best is not None]
    return all(of.logprob >= (of.best or 0.0) - SAME for of in known) if known else None


def _judged(requests: Requests) -> str:
    """Why log-probabilities of given answers do not hold; "" where they do."""
    found = [score(requests, TEXT, answer) for answer in ANSWERS]
    again = [score(requests, TEXT, answer) for answer in ANSWERS]
    if _moved(found, again):
        return "not-repeatable"
    if len({round(value, 4) for value in found}) < len(found):
        return "chance"
    doubt = _held_against_written(requests)
    behind = [score(requests, TEXT, answer, BEHIND) for _ in "ab" for answer in ANSWERS]
    return doubt or ("stale" if _moved(found, behind) else "")


def _moved(before: list[float], after: list[float]) -> bool:
    """Whether log-probabilities changed; `after` may hold all of them several times."""
    pairs = zip(before * (len(after) // len(before)), after, strict=True)
    return any(abs(one - other) > SAME for one, other in pairs)


def _held_against_written(requests: Requests) -> str:
    """Whether tokens have the log-probability when they are given that they have when they may be
    written. Only those can be compared that are one token in both; as several tokens may have the same
    letters (a byte and a letter), one that differs is outvoted by others that do not."""
    agree = disagree = 0
    for text in (TEXT, AGAIN_AND_AGAIN):
        written = written_tokens(requests.likeliest({"prompt": text}, 1, LISTED).choice)
        tops = listed(written[0]) if written else ()
        given_as = scores_of_one(requests, text, [token for token, _ in tops])
        for (_, value), given in zip(tops, given_as, strict=True):
            if given is not None:
                agree += abs(given - value) <= AGREES
                disagree += abs(given - value) > AGREES
        if agree - disagree >= ENOUGH:
            return ""
    if agree + disagree == 0:
        return "unchecked"
    return "disagrees" if disagree >= agree else ""
