"""An answerer of an engine that runs token ids: prompts go in as ids, text comes out by the tokenizer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Literal

from harness.capabilities import CAPABILITIES
from harness.engines.answerer import Answerer, Asked, Completion, Piece
from harness.engines.portion import WHOLE, Portion
from harness.engines.protocol import (
    ChoiceQuestion,
    Engine,
    Footprint,
    Generation,
    Limits,
    LogProbs,
    Sampling,
)
from harness.engines.reasoning import open_mark, part
from harness.engines.stopping import StopWatch, cut
from harness.engines.streaming import GrowingText, Parting
from harness.engines.templated import Tokenizer
from harness.errors import NotFiniteError


class OnIds(Answerer):
    """`Answerer` over an engine and the tokenizer of the model's lineage."""

    def __init__(self, engine: Engine, tokenizer: Callable[[], Tokenizer]) -> None:
        """Prepares an answerer.

        Args:
            engine: open; it is closed with this.
            tokenizer: opens the tokenizer, which is done when text is first wanted.
        """
        self.engine = engine
        self.capabilities = CAPABILITIES[engine.info.engine]
        self.info, self.load_seconds, self.work = engine.info, engine.load_seconds, engine.work
        self._open_tokenizer = tokenizer
        self._portion = WHOLE

    def answering(self, portion: Portion) -> OnIds:
        """See `Answerer.answering`."""
        found = copy(self)
        found._portion = portion
        return found

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return self._open_tokenizer()

    def choose(self, prompts: Sequence[Asked]) -> Iterator[tuple[int, list[float]]]:
        """See `Answerer.choose`.

        Raises:
            PromptTooLongError: prompt and choice exceed the context.
            NotFiniteError: the model gives NaN.
        """
        questions = [ChoiceQuestion(of.ids, of.choices) for of in prompts]
        with _by_name(prompts):
            yield from self.engine.choose(questions, self._portion)

    def generate(
        self, prompts: Sequence[Asked], limits: Limits
    ) -> Iterator[tuple[int, Completion]]:
        """See `Answerer.generate`.

        Raises:
            PromptTooLongError: prompt and answer exceed the context.
            NotFiniteError: the model gives NaN.
        """
        limits = self._watched(prompts, limits)
        with _by_name(prompts):
            ids = [of.ids for of in prompts]
            for position, generation in self.engine.generate(ids, limits, self._portion):
                yield position, self._completion(prompts[position], generation, limits)

    def stream(
        self, prompt: Asked, limits: Limits, sampling: Sampling
    ) -> Iterator[Piece | Completion]:
        """See `Answerer.stream`; `Limits.ended` ends it, too.

        Raises:
            PromptTooLongError: prompt and answer exceed the context.
            NotFiniteError: the model gives NaN.
        """
        watched, started = self._watched([prompt], limits), time.perf_counter()
        ids: list[int] = []
        seconds: list[float] = []
        growing = GrowingText(self._with_markers)
        parting = Parting(prompt.text, limits.stops)
        with _by_name([prompt]):
            for token in self.engine.sample(prompt.ids, watched, sampling):
                ids.append(token)
                seconds.append(time.perf_counter() - started)
                yield from parting.add(growing.add(ids))
        reason: Literal["stop", "length"] = (
            "length" if len(ids) == limits.max_new_tokens else "stop"
        )
        done = self._completion(prompt, Generation(tuple(ids), reason, tuple(seconds)), limits)
        yield from parting.rest(done)
        yield done

    def _watched(self, prompts: Sequence[Asked], limits: Limits) -> Limits:
        """Limits that end an answer at the first of its stops."""
        if not limits.stops:
            return limits
        marks = {open_mark(of.text): of.text for of in prompts}
        watch = StopWatch(limits.stops, tuple(marks.values()), self.decode, self._with_markers)
        also = limits.ended
        return replace(limits, ended=lambda ids: watch.ended(ids) or bool(also and also(ids)))

    def _completion(self, prompt: Asked, generation: Generation, limits: Limits) -> Completion:
        parted = part(prompt.text, generation.ids, self.decode, self._with_markers)
        answer, stop = cut(parted.answer, limits.stops)
        return Completion(
            text=answer,
            tokens=len(generation.ids),
            finish_reason="stop" if stop is not None else generation.finish_reason,
            reasoning=parted.reasoning,
            reasoning_finished=parted.finished,
            ids=generation.ids,
            token_seconds=generation.token_seconds,
            stopped_at=stop,
        )

    def distributions(self, ids: Sequence[int], rows: int = 256) -> Iterator[LogProbs]:
        """See `Answerer.distributions`."""
        return self.engine.distributions(ids, rows)

    def decode(self, ids: Sequence[int]) -> str:
        """See `Answerer.decode`; special tokens are left out."""
        return self._tokenizer.decode(ids)

    def _with_markers(self, ids: Sequence[int]) -> str:
        return self._tokenizer.decode(ids, True)

    def footprint(self) -> Footprint:
        """See `Answerer.footprint`."""
        return self.engine.footprint()

    def close(self) -> None:
        """See `Answerer.close`."""
        self.engine.close()


@contextmanager
def _by_name(prompts: Sequence[Asked]) -> Iterator[None]:
    """Says of which example it is that there are no probabilities."""
    try:
        yield
    except NotFiniteError as error:
        if error.prompt is None:
            raise
        raise error.told(f'prompt "{prompts[error.prompt].id}"') from None
