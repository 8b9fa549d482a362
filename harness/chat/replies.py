"""What is known of a reply while it comes: its events so far, as one record."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.chat.models import ChatModel
from harness.chat.records import (
    Conversation,
    Done,
    Event,
    Failed,
    Loaded,
    Loading,
    Prompted,
    Text,
    Turn,
    Waiting,
)


@dataclass(frozen=True)
class Reply:
    """What a model said, or is saying."""

    model: str
    made: str
    text: str = ""
    reasoning: str = ""
    now: Waiting | Loading | Prompted | None = None
    """What is waited for; None once the model writes, and at the end."""
    prompted: Prompted | None = None
    loaded: Loaded | None = None
    unloaded: tuple[str, ...] = ()
    """Models that made room for this one."""
    done: Done | None = None
    failed: Failed | None = None

    @classmethod
    def of(cls, model: ChatModel) -> Reply:
        """Before anything has come."""
        return cls(model.name, model.made)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.done is not None or self.failed is not None

    def after(self, event: Event) -> Reply:
        """With one event more."""
        match event:
            case Waiting():
                return replace(self, now=event)
            case Loading():
                return replace(self, now=event, unloaded=event.unloaded)
            case Loaded():
                return replace(self, loaded=event)
            case Prompted():
                return replace(self, now=event, prompted=event)
            case Text(reasoning=True):
                return replace(self, now=None, reasoning=self.reasoning + event.text)
            case Text():
                return replace(self, now=None, text=self.text + event.text)
            case Done():
                thought = event.reasoning or ""
                return replace(self, now=None, done=event, text=event.text, reasoning=thought)
            case Failed():
                return replace(self, now=None, failed=event)


@dataclass(frozen=True)
class Exchange:
    """A question and its reply; `raw` where a text was to be continued."""

    question: str
    reply: Reply
    raw: bool = False


def conversation_of(
    exchanges: tuple[Exchange, ...], question: str, system: str, raw: bool
) -> Conversation:
    """What a model goes on from.

    Args:
        exchanges: so far; of a completion, and of questions without an answer, nothing is said again.
        question: the next one, or the text that is to be continued.
        system: for the model.
        raw: whether the question is a text to be continued.
    """
    if raw:
        return Conversation.of(question, raw=True)
    turns: list[Turn] = []
    for exchange in exchanges:
        if not exchange.raw and exchange.reply.done is not None:
            turns += [Turn("user", exchange.question), Turn("assistant", exchange.reply.text)]
    return Conversation((*turns, Turn("user", question)), system)
