"""What is said to a model, how it is to answer, and what comes back: plain data that crosses processes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from harness.suite.schema import Score

Finish = Literal["stop", "length", "context", "stopped"]
"""The model ended it, or a stop text; the limit cut it; the model's context is full; whoever asked did."""


@dataclass(frozen=True)
class Turn:
    """What one side said."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True)
class Conversation:
    """What the model is to go on from.

    Where the model has no chat template, the system prompt and the turns are one text, with a blank
    line between them.
    """

    turns: tuple[Turn, ...]
    """The last one is the user's."""
    system: str = ""
    raw: bool = False
    """The texts of the turns as they are, one behind the other, without a chat template: a completion."""

    @classmethod
    def of(cls, text: str, system: str = "", raw: bool = False) -> Conversation:
        """A first question."""
        return cls((Turn("user", text),), system, raw)

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Conversation:
        """What `asdict` gave, perhaps as JSON."""
        return cls(tuple(Turn(**turn) for turn in data["turns"]), data["system"], data["raw"])


@dataclass(frozen=True)
class Labels:
    """Answers of which the likeliest is wanted, in place of one that is written."""

    continuations: tuple[str, ...]
    """What each adds to the text of the prompt."""
    score: Score
    """What they are compared by."""
    ends: tuple[int, ...] = ()
    """Ids of which one ends an answer, where that is scored."""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Labels:
        """What `asdict` gave, perhaps as JSON."""
        return cls(tuple(data["continuations"]), data["score"], tuple(data["ends"]))


@dataclass(frozen=True)
class Settings:
    """How a model is to answer; see `harness.engines.protocol.Sampling`."""

    temperature: float = 0.7
    top_p: float = 0.95
    top_k: int = 40
    repetition_penalty: float = 1.0
    max_new_tokens: int = 256
    seed: int | None = None
    """None draws one, which `Done` tells."""
    stops: tuple[str, ...] = ()
    """Texts that end the answer."""
    labels: Labels | None = None
    """Where the answer is one of these; nothing is written then, and no other setting counts."""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Settings:
        """What `asdict` gave, perhaps as JSON."""
        labels = Labels.read(data["labels"]) if data["labels"] is not None else None
        return cls(**{**data, "stops": tuple(data["stops"]), "labels": labels})


@dataclass(frozen=True)
class Waiting:
    """Others are answered first."""

    ahead: int


@dataclass(frozen=True)
class Loading:
    """The model is being loaded."""

    unloaded: tuple[str, ...] = ()
    """Models that made room for it."""


@dataclass(frozen=True)
class Loaded:
    """The model was loaded."""

    seconds: float
    """From the start of its process's first question, libraries included."""


@dataclass(frozen=True)
class Prompted:
    """What the model reads, exactly, special tokens included."""

    prompt: str
    tokens: int
    """0 where a server counts them."""
    template: bool
    """Whether it went through a chat template."""


@dataclass(frozen=True)
class Text:
    """Some of the answer, as soon as it can no longer change."""

    text: str
    reasoning: bool = False


@dataclass(frozen=True)
class Done:
    """The whole answer; its text counts where the pieces before differ from it."""

    text: str
    finish: Finish
    seed: int
    tokens: int = 0
    reasoning: str | None = None
    stopped_at: str | None = None
    """The stop text that ended it."""
    first_seconds: float | None = None
    """Time to first token, from when the model began on the prompt."""
    tokens_per_second: float | None = None
    """Of all tokens but the first; None of fewer than two."""
    resident_bytes: int | None = None
    """Main memory of the model's process; None of a server's."""
    device_bytes: int = 0
    refused: tuple[str, ...] = ()
    """Settings, as a server calls them, that it does not take."""
    chosen: int | None = None
    """The place of the likeliest label; None where the answer was written."""
    logprobs: tuple[float, ...] = ()
    """Of each label with its end, where that is scored."""


@dataclass(frozen=True)
class Failed:
    """There is no answer, or no more of it."""

    kind: str
    message: str
    hint: str = ""


Event = Waiting | Loading | Loaded | Prompted | Text | Done | Failed
_KINDS: Mapping[str, type[Event]] = {
    kind.__name__.lower(): kind for kind in (Waiting, Loading, Loaded, Prompted, Text, Done, Failed)
}


def event_line(asked: int, event: Event) -> str:
    """An event about a question, as one line of JSON."""
    kind = type(event).__name__.lower()
    return json.dumps({"asked": asked, "event": kind, "data": asdict(event)})


def read_event(line: str) -> tuple[int, Event]:
    """The question's number, and the event."""
    said = json.loads(line)
    lists = {key: tuple(value) for key, value in said["data"].items() if isinstance(value, list)}
    return int(said["asked"]), _KINDS[said["event"]](**said["data"] | lists)
