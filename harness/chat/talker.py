"""An open model that answers conversations, inside its own process."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil

from harness.chat.opening import Opening, Template
from harness.chat.prompts import prompt_of
from harness.chat.records import Conversation, Done, Event, Finish, Labels, Prompted, Settings, Text
from harness.engines import open_engine
from harness.engines.answerer import Answerer, Completion, Piece
from harness.engines.chat import ChatSettings
from harness.engines.on_ids import OnIds
from harness.engines.protocol import Limits, Sampling
from harness.engines.templated import Tokenizer
from harness.engines.tokenizer import open_tokenizer
from harness.errors import PromptTooLongError
from harness.tasks.prompts import Prompt
from harness.tasks.scoring import ScoredChoices, with_ends
from harness.tasks.turns import continuation

MOST_SEED = 2**31
"""Seeds are below it, which every server takes."""


class Talker:
    """A model that was opened."""

    def __init__(self, opening: Opening) -> None:
        """Opens it.

        Raises:
            BadModelError, OutOfMemoryError, EndpointError: it cannot be.
        """
        self._plain = opening.template.plain
        self._answerer, self._tokenizer = _opened(opening)

    def answer(
        self, conversation: Conversation, settings: Settings, stopped: Callable[[], bool]
    ) -> Iterator[Event]:
        """What the model says next.

        Args:
            conversation: so far.
            settings: how it is to answer.
            stopped: whether the answer is no longer wanted; asked after each token.

        Raises:
            PromptTooLongError: the conversation fills the model's context.
            BadModelError: the chat template refuses it, or the model gives NaN.
            EndpointError: the server fails.
        """
        prompt = prompt_of(conversation, self._tokenizer, self._plain)
        known = len(prompt.ids) if self._tokenizer.knows_ids else 0
        yield Prompted(prompt.text, known, template=bool(prompt.messages))
        if settings.labels is not None:
            yield self._chosen(prompt, settings.labels)
            return
        room = self._room(known)
        wanted = settings.max_new_tokens if room is None else min(settings.max_new_tokens, room)
        seed = secrets.randbelow(MOST_SEED) if settings.seed is None else settings.seed
        sampling = Sampling(
            settings.temperature,
            settings.top_p,
            settings.top_k,
            settings.repetition_penalty,
            seed,
        )
        limits = Limits(
            wanted, self._tokenizer.stop_ids, settings.stops, ended=lambda ids: stopped()
        )
        for part in self._answerer.stream(prompt, limits, sampling):
            if isinstance(part, Piece):
                yield Text(part.text, part.reasoning)
            else:
                finish: Finish = part.finish_reason
                if finish == "length" and wanted < settings.max_new_tokens:
                    finish = "context"
                if stopped() and part.stopped_at is None:
                    finish = "stopped"
                yield self._done(part, finish, seed)

    def _chosen(self, prompt: Prompt, labels: Labels) -> Done:
        """The likeliest label, as a classification tells it."""
        ids = list(prompt.ids)
        choices = [continuation(self._tokenizer, prompt.text, ids, c) for c in labels.continuations]
        asked = replace(prompt, choices=tuple(choices), continuations=labels.continuations)
        if labels.score == "end":
            asked = with_ends(asked, labels.ends)
        ((_, logprobs),) = self._answerer.choose([asked])
        found = ScoredChoices.of(labels.score, choices, logprobs, len(labels.ends))
        ends = found.ends or [0.0] * len(choices)
        totals = tuple(a + b for a, b in zip(found.logprobs, ends, strict=True))
        return Done("", "stop", 0, chosen=found.likeliest(), logprobs=totals)

    def _room(self, prompt_tokens: int) -> int | None:
        """Tokens that the context has left for an answer; None where nobody knows."""
        context = self._answerer.info.context_length
        if not context or not prompt_tokens:
            return None
        if prompt_tokens >= context:
            raise PromptTooLongError(
                f"The conversation has {prompt_tokens} tokens, and the model's context {context}.",
                "Begin a new conversation, or ask with less text.",
            )
        return context - prompt_tokens

    def _done(self, written: Completion, finish: Finish, seed: int) -> Done:
        times = written.token_seconds
        served = not self._tokenizer.knows_ids
        decoding = times[-1] - times[0] if len(times) > 1 else 0.0
        return Done(
            text=written.text,
            finish=finish,
            seed=seed,
            tokens=written.tokens,
            reasoning=written.reasoning,
            stopped_at=written.stopped_at,
            first_seconds=times[0] if times else None,
            tokens_per_second=(len(times) - 1) / decoding if decoding > 0 else None,
            resident_bytes=None if served else int(psutil.Process().memory_info().rss),
            device_bytes=self._answerer.footprint().peak_device_bytes,
            refused=tuple(self._answerer.told().get("refused", ())),
        )


def _opened(opening: Opening) -> tuple[Answerer, Tokenizer]:
    if opening.endpoint is not None:
        from harness.engines.endpoint.live import LiveServer
        from harness.engines.endpoint.texts import AsSent

        return LiveServer(opening.endpoint), AsSent()
    assert opening.engine is not None
    tokenizer = open_tokenizer(Path(opening.tokenizer), _settings(opening.template))
    return OnIds(open_engine(opening.engine), lambda: tokenizer), tokenizer


def _settings(template: Template) -> ChatSettings | None:
    """What the suite says of the chat template; None where it says nothing."""
    if not template.file and not template.options and template.thinking is None:
        return None
    own = Path(template.file).read_text(encoding="utf-8") if template.file else None
    return ChatSettings(own, template.options, template.thinking)
