"""Who answers a task: a model run on token ids here, or something that is sent text and writes back.

Tasks ask an `Answerer`, and hand it each prompt in all its forms: text, chat messages and token ids. It
takes the one that it can use. `harness.engines.on_ids.OnIds` makes an answerer of an engine that runs
ids; what answers over a connection, without ids, is one directly. One conformance suite
(`tests/engines/answering.py`) runs against every answerer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, Protocol

from harness.capabilities import Capability, refusal
from harness.engines.messages import Message
from harness.engines.portion import Portion
from harness.engines.protocol import EngineInfo, Footprint, Limits, LogProbs, Sampling, Work
from harness.errors import CannotAnswerError
from harness.words import pieces


class Asked(Protocol):
    """One prompt in every form that an answerer may want (`harness.tasks.prompts.Prompt`)."""

    @property
    def id(self) -> str:
        """The example's, for messages."""

    @property
    def text(self) -> str:
        """All that the model reads, put through the chat template where there is one."""

    @property
    def messages(self) -> tuple[Message, ...]:
        """The turns of the conversation; empty where the prompt is a text to be continued."""

    @property
    def ids(self) -> tuple[int, ...]:
        """The token ids of the text; empty where no tokenizer is known."""

    @property
    def continuations(self) -> tuple[str, ...]:
        """The text that each choice adds to the prompt; empty where answers are written."""

    @property
    def choices(self) -> tuple[tuple[int, ...], ...]:
        """The ids that each choice adds to the prompt's ids."""


Way = Literal["loglikelihood", "first_token", "constrained", "parsed"]
"""How a choice is told. `loglikelihood`: by the log-probabilities of all its tokens. `first_token`: by those
of what an answer begins with. `constrained`: it is written where nothing else may be. `parsed`: it is
read in what was written freely. What is told in different ways is not the same measurement."""


@dataclass(frozen=True)
class Picked:
    """Which of a prompt's choices was told without scoring all of each; choices are named by their place.

    Attributes:
        place: of the choice; None where it could not be told.
        text: what was written.
        logprobs: (nats) of the likeliest token that an answer may begin with and that begins this choice
            and no other.
        below: what those of the choices that have none are at most; None where nothing is scored.
        shared: a token that begins several choices and is likelier than all that begin one; "" for none.
        request: what is known of the request.
    """

    place: int | None
    text: str
    logprobs: Mapping[int, float] = field(default_factory=dict)
    below: float | None = None
    shared: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)

    def record(self, labels: Sequence[str]) -> dict[str, Any]:
        """What a sample keeps, by label."""
        kept: dict[str, Any] = {"text": self.text, "request": dict(self.request)}
        if self.below is not None:
            found = {labels[place]: value for place, value in self.logprobs.items()}
            shared = {"shared": self.shared} if self.shared else {}
            kept["first_token"] = {"logprobs": found, "below": self.below, **shared}
        return kept


@dataclass(frozen=True)
class Completion:
    """What was written behind one prompt.

    Attributes:
        text: the answer, without what the model wrote for itself before it.
        tokens: how many were written, reasoning included; as the answerer counts them.
        finish_reason: `stop` where the model or a stop ended it, `length` where the limit cut it.
        reasoning: what the model wrote for itself; None where there was nothing.
        reasoning_finished: whether the reasoning came to its end, so that an answer could follow.
        ids: the ids that were written, those of a stop included; None where there are none.
        token_seconds: for each token, seconds until it was known, from the moment that this prompt's
            batch or request was begun; empty where nobody took the time.
        stopped_at: the text of `Limits.stops` that ended it, which is no part of the answer; None where
            the model ended it, or the limit.
    """

    text: str
    tokens: int
    finish_reason: Literal["stop", "length"]
    reasoning: str | None = None
    reasoning_finished: bool = True
    ids: tuple[int, ...] | None = None
    token_seconds: tuple[float, ...] = ()
    stopped_at: str | None = None
    request: Mapping[str, Any] = field(default_factory=dict)
    """What is known of a request to a server: seconds, and what it counted."""

    @property
    def truncated(self) -> bool:
        """Whether the limit cut the answer, or the reasoning before it."""
        return self.finish_reason == "length" or not self.reasoning_finished

    @property
    def pieces(self) -> tuple[Any, ...]:
        """All that was written, reasoning included: ids, or words where there are no ids."""
        if self.ids is not None:
            return self.ids
        return tuple(pieces(f"{self.reasoning or ''} {self.text}"))

    def record(self) -> dict[str, Any]:
        """What a sample keeps of the reasoning, and of what ended the answer if a text did."""
        stopped: dict[str, Any] = {"request": dict(self.request)} if self.request else {}
        if self.stopped_at is not None:
            stopped["stopped_at"] = self.stopped_at
        if self.reasoning is None:
            return stopped
        thought = {"thought": self.reasoning, "thought_finished": self.reasoning_finished}
        return thought | stopped


@dataclass(frozen=True)
class Piece:
    """Some of what is being written, as soon as it can no longer change."""

    text: str
    reasoning: bool = False
    """Whether the model writes it for itself."""


class Answerer:
    """Answers prompts; what it cannot do it refuses by name.

    Iterators yield answers as they come, in any order, with the index of their prompt. One call at a
    time: an iterator is used up, or dropped, before the next call.
    """

    capabilities: frozenset[Capability]
    """The methods below that it has; whoever asks looks here first (`require`)."""
    info: EngineInfo
    load_seconds: float
    work: Work
    """What was computed so far, as far as it is known; grows while answers are being asked for."""

    def way(self, prompts: Sequence[Asked], may: frozenset[Way]) -> Way:
        """How the choices of these prompts are told.

        Args:
            prompts: all of a task, those that were answered before included.
            may: what the task allows.
        """
        return "loglikelihood"

    def answering(self, portion: Portion) -> Answerer | None:
        """The same, to be given all prompts of a cell, of which it answers a portion.

        None where what is asked beside a prompt never matters: it is given the open ones alone.
        """
        return None

    def usage(self, prompt: Asked) -> Mapping[str, Any]:
        """What the last answer to a prompt took of a server (`harness.engines.endpoint.usage`); nothing of
        what runs here."""
        return {}

    def told(self) -> dict[str, Any]:
        """What a result says of who answered, beside `info`; empty of what runs here."""
        return {}

    def choose(self, prompts: Sequence[Asked]) -> Iterator[tuple[int, list[float]]]:
        """For each prompt the summed log-probability (nats) of each of its choices after it."""
        self._refuse("choose")

    def pick(self, prompts: Sequence[Asked], way: Way) -> Iterator[tuple[int, Picked]]:
        """For each prompt the choice that an answer begins with, or that is written where nothing else
        may be: what `way` gave, where that is `first_token` or `constrained`."""
        self._refuse("choose")

    def generate(
        self, prompts: Sequence[Asked], limits: Limits
    ) -> Iterator[tuple[int, Completion]]:
        """What is written, greedily, behind each prompt, up to the first of `Limits.stops`."""
        self._refuse("generate")

    def stream(
        self, prompt: Asked, limits: Limits, sampling: Sampling
    ) -> Iterator[Piece | Completion]:
        """What is written behind one prompt, drawn as `sampling` says: pieces, and last the completion,
        whose text counts where the pieces differ from it."""
        self._refuse("generate")

    def distributions(self, ids: Sequence[int], rows: int = 256) -> Iterator[LogProbs]:
        """Next-token log-probabilities after each id of one sequence: see `Engine.distributions`."""
        self._refuse("distributions")

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids; goes with `distributions`."""
        self._refuse("distributions")

    def footprint(self) -> Footprint:
        """Bytes on disk, resident and on the device (peaks so far); zeros where nobody can know."""
        return Footprint(0, 0, 0)

    def close(self) -> None:
        """Frees the model, or the connection; it cannot be asked afterwards."""

    def require(self, needed: frozenset[Capability], what: str) -> None:
        """Refuses a task before anything of it is asked.

        Args:
            needed: what the task wants.
            what: the task, for the message.

        Raises:
            CannotAnswerError: this answerer lacks something of it.
        """
        lacking = sorted(needed - self.capabilities)
        if lacking:
            raise cannot(what, self.info.engine, lacking[0])

    def _refuse(self, capability: Capability) -> NoReturn:
        raise cannot("this", self.info.engine, capability)


def cannot(what: str, engine: str, capability: Capability) -> CannotAnswerError:
    """The error for a task that wants more than an engine can do."""
    return CannotAnswerError(*refusal(what, engine, capability))
