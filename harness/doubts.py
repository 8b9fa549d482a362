"""Why a server's choices are not told in a way: the word that a probe notes, and what it says.

A room of its own below all others: who asks the server writes it into an error, who reports it into a
sentence. Nothing is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping

DOUBTS: Mapping[str, str] = {
    "chat-api": "a chat gives no log-probabilities of given answers",
    "echo-refused": "the server refuses to echo a text",
    "echo-ignored": "the server does not give the text back that it was sent",
    "no-logprobs": "the server gives the text's tokens no log-probabilities",
    "misaligned": "the tokens that the server gives are not those of the text",
    "boundary": "a token lies across the end of the prompt",
    "not-repeatable": "the same question got other log-probabilities the second time",
    "stale": "a text's log-probabilities changed with what stands behind it",
    "chance": "different answers got the same log-probability",
    "disagrees": "a token has another log-probability when it is given than when it is written",
    "unchecked": "no token is the same when it is given and when it is written",
    "wrapped": "the server puts a text that is to be continued through a template",
    "of-the-task": "the task's choices cannot be told so: their ends, or all their tokens, count",
    "no-tops": "the server lists no other tokens beside the one that it writes",
    "no-distribution": "the likeliest tokens that the server lists have no log-probabilities that could be "
    "those of one place",
    "processed": "the log-probabilities are what sampling left of them",
    "same-tops": "different prompts got the same likeliest tokens",
    "shared-beginning": "several choices begin with the same token",
    "outside": "no choice is among the likeliest tokens",
    "answers-later": "answers do not begin with a choice",
    "not-held-to": "the server holds to no constraint",
}
"""By word; each is the end of a sentence that begins with "since"."""


def doubt_words(word: str) -> str:
    """What a word says; a word of another version as it is."""
    return DOUBTS.get(word, word)
