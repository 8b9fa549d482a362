"""One prompt to several models, and a vote on their answers."""

from __future__ import annotations

import queue
import random
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from harness.chat.records import Event, Settings
from harness.chat.replies import Reply
from harness.chat.room import Answer
from harness.records import ModelSummary, Vote, VotedAnswer

MOST = 4
"""Models side by side."""
LETTERS = "ABCD"
Choice = int | Literal["both good", "both bad"]


@dataclass(frozen=True)
class Contest:
    """Answers that stand side by side, from left to right."""

    prompt: str
    system: str
    settings: Settings
    """The same for all, the seed included."""
    blind: bool
    replies: tuple[Reply, ...]
    open: bool = True
    """Whether names are hidden, where it is blind, and a vote is waited for."""
    id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def is_over(self) -> bool:
        """Whether every answer is there, or will not come."""
        return all(reply.is_over for reply in self.replies)

    @property
    def is_hidden(self) -> bool:
        """Whether nobody may see which model wrote what."""
        return self.blind and self.open

    @property
    def hindrance(self) -> str:
        """Why there is nothing to vote on, once it is over; "" where there is."""
        if any(reply.failed is not None for reply in self.replies):
            return "An answer is missing, so that there is nothing to vote on."
        if any(reply.done is not None and reply.done.finish == "stopped" for reply in self.replies):
            return "The answers were stopped, so that there is nothing to vote on."
        if len({reply.text.strip() for reply in self.replies}) == 1:
            return "The answers are the same, so that there is nothing to vote on."
        return ""

    def after(self, place: int, event: Event) -> Contest:
        """With one event more of an answer."""
        replies = list(self.replies)
        replies[place] = replies[place].after(event)
        return replace(self, replies=tuple(replies))

    def vote(self, choice: Choice, voter: str, models: Mapping[str, ModelSummary]) -> Vote:
        """The record of a vote.

        Args:
            choice: the place of the better answer, or that none is.
            voter: a word for the browser.
            models: of the results: their keys say what was voted on.
        """
        how = {k: v for k, v in asdict(self.settings).items() if k != "labels"}
        return Vote(
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            voter=voter,
            blind=self.blind,
            prompt=_sound(self.prompt),
            system=_sound(self.system),
            settings=how | {"stops": list(self.settings.stops)},
            answers=[
                VotedAnswer(
                    model=reply.model,
                    key=models[reply.model].key if reply.model in models else "",
                    text=_sound(reply.text),
                )
                for reply in self.replies
            ],
            choice=choice,
        )


def begin(
    prompt: str, system: str, settings: Settings, replies: Sequence[Reply], blind: bool
) -> Contest:
    """Draws the sides by lot where it is blind, and a seed for all where none is set.

    The seed would else be drawn for each answer, and a vote be on luck.
    """
    seed = secrets.randbelow(2**31) if settings.seed is None else settings.seed
    order = list(replies)
    if blind:
        random.SystemRandom().shuffle(order)
    return Contest(prompt, system, replace(settings, seed=seed), blind, tuple(order))


def together(answers: Sequence[Answer]) -> Iterator[tuple[int, Event]]:
    """The events of several answers as they come, with their places; if it is dropped, all are stopped."""
    heard: queue.Queue[tuple[int, Event] | None] = queue.Queue()

    def hear(place: int, answer: Answer) -> None:
        try:
            for event in answer:
                heard.put((place, event))
        finally:
            heard.put(None)

    for place, answer in enumerate(answers):
        threading.Thread(target=hear, args=(place, answer), daemon=True).start()
    open_answers = len(answers)
    try:
        while open_answers:
            item = heard.get()
            if item is None:
                open_answers -= 1
            else:
                yield item
    finally:
        if open_answers:
            for answer in answers:
                with suppress(Exception):
                    answer.stop()


def _sound(text: str) -> str:
    """A text that UTF-8 can hold: half of a character that a browser sent is replaced."""
    return text.encode("utf-8", "replace").decode()
