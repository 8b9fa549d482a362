"""Answers side by side as HTML. While a contest is blind, nothing tells which model wrote what."""

from __future__ import annotations

from harness.chat.page.drawing import escaped, reply_html
from harness.chat.replies import Reply
from harness.chat.side_by_side import LETTERS, Contest


def contest_html(contest: Contest | None) -> str:
    """The prompt and the answers; a word on how to begin where there is none."""
    if contest is None:
        return '<p class="hc-empty">Ask, and the answers stand here side by side.</p>'
    asked = f'<article class="hc-turn hc-user"><h3>You</h3><div class="hc-text">{escaped(contest.prompt)}</div></article>'
    replies = "".join(
        _hidden(contest, place) if contest.is_hidden else _shown(contest, place)
        for place in range(len(contest.replies))
    )
    return f'{asked}<div class="hc-sides" role="group" aria-label="Answers">{replies}</div>'


def told_html(words: str, bad: bool = False) -> str:
    """A line beneath the answers."""
    return f'<p class="{"hc-failed" if bad else "hc-state"}" role="status">{escaped(words)}</p>'


def _shown(contest: Contest, place: int) -> str:
    reply = contest.replies[place]
    return reply_html(reply, name=f"{LETTERS[place]}: {reply.model}")


def _hidden(contest: Contest, place: int) -> str:
    """An answer without all that tells a model: its speed, its memory, its prompt, and when it came.

    Texts are therefore shown once all of them are there.
    """
    reply: Reply = contest.replies[place]
    heading = f"<h3>{LETTERS[place]}</h3>"
    if not contest.is_over:
        over = sum(of.is_over for of in contest.replies)
        words = f"{over} of {len(contest.replies)} answers are finished; they appear together."
        return (
            f'<article class="hc-turn hc-model">{heading}<p class="hc-state">{words}</p></article>'
        )
    text = f'<div class="hc-text">{escaped(reply.text)}</div>'
    return f'<article class="hc-turn hc-model">{heading}{text}</article>'
