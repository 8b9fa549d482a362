"""Greedy generation with continuous batching.

A finished sequence makes room for the next prompt at once, so that short answers do not wait for
long ones (Yu et al. 2022, "Orca", §3: iteration-level scheduling). The answers being written are
in the first streams, as llama.cpp runs neighbouring streams together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.engines.contexts import WORTHWHILE, shared_length
from harness.engines.llama_context import LlamaContext
from harness.engines.llama_model import LlamaModel
from harness.engines.llamacpp_score import cache_of, sides
from harness.engines.protocol import Generation, Limits, Work


@dataclass(eq=False)
class Answer:
    """A prompt that is being answered."""

    prompt: int
    started: float
    ids: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, token: int, limits: Limits) -> Generation | None:
        """Adds the new id; gives the answer if that ended it."""
        if token in limits.stop_ids:
            return Generation(tuple(self.ids), "stop", tuple(self.seconds))
        self.ids.append(token)
        self.seconds.append(time.perf_counter() - self.started)
        if len(self.ids) == limits.max_new_tokens:
            return Generation(tuple(self.ids), "length", tuple(self.seconds))
        return None


@dataclass
class Batch:
    """The answers being written; the n-th is in stream n."""

    cache: LlamaContext
    limits: Limits
    work: Work
    shared: int
    origin: int | None
    """The stream that holds what all prompts begin with, where that was run on its own."""
    running: list[Answer] = field(default_factory=list)

    def admit(self, number: int, prompt: Sequence[int]) -> Iterator[tuple[int, Generation]]:
        """Runs a new prompt behind those that are running; gives its answer if it ended at once."""
        answer, stream = Answer(number, time.perf_counter()), len(self.running)
        if self.origin is None:
            self.cache.keep(stream, 0)
        elif self.cache.lengths[stream] < self.shared:
            self.cache.copy(self.origin, stream)
        else:
            self.cache.keep(stream, self.shared)
        token = int(self.cache.run_one(stream, prompt[self.cache.lengths[stream] :]).argmax())
        self.work.prompt_tokens += len(prompt) - self.shared
        self.running.append(answer)
        yield from self._take([answer], [token])

    def step(self) -> Iterator[tuple[int, Generation]]:
        """Writes one more token of each answer; gives those that it ended."""
        logits = self.cache.step([answer.ids[-1] for answer in self.running])
        yield from self._take(list(self.running), logits.argmax(axis=-1).tolist())

    def _take(
        self, asked: Sequence[Answer], tokens: Sequence[int]
    ) -> Iterator[tuple[int, Generation]]:
        for answer, token in zip(asked, tokens, strict=True):
            before = len(answer.ids)
            generation = answer.add(token, self.limits)
            self.work.new_tokens += len(answer.ids) - before
            if generation is not None:
                self._leave(answer)
                yield answer.prompt, generation

    def _leave(self, answer: Answer) -> None:
        """Gives the stream of an answer to the last one, so that the first streams stay in use."""
        stream, last = self.running.index(answer), self.running.pop()
        if last is not answer:
            self.cache.copy(len(self.running), stream)
            self.running[stream] = last


def generate_all(
    make_cache: Callable[[int, int], LlamaContext],
    prompts: Sequence[Sequence[int]],
    limits: Limits,
    model: LlamaModel,
    streams: int,
    work: Work,
) -> Iterator[tuple[int, Generation]]:
    """The greedy continuation of each prompt with its index, as they are finished.

    Args:
        make_cache: gives an empty cache of so many tokens a stream, and streams.
        prompts: what to continue.
        limits: at least one new token.
        model: what is run.
        streams: most prompts answered at the same time.
        work: what is done is added here.
    """
    cells = [len(prompt) + limits.max_new_tokens for prompt in prompts]
    for numbers in sides(range(len(prompts)), cells.__getitem__, model.turns_at):
        side = [prompts[number] for number in numbers]
        longest = max(cells[number] for number in numbers)
        for place, answer in _generate(make_cache, side, longest, limits, model, streams, work):
            yield numbers[place], answer


def _generate(
    make_cache: Callable[[int, int], LlamaContext],
    prompts: Sequence[Sequence[int]],
    cells: int,
    limits: Limits,
    model: LlamaModel,
    streams: int,
    work: Work,
) -> Iterator[tuple[int, Generation]]:
    shared = shared_length(prompts) if model.forgets else 0
    shared = shared if shared >= WORTHWHILE else 0
    least = model.least_rows if model.forgets else 1
    slots = min(streams, len(prompts))
    extra = 1 if shared else 0
    cache = cache_of(make_cache, cells, max(slots, least) + extra, least + extra)
    slots = min(slots, cache.streams - extra)
    origin = cache.streams - 1 if shared else None
    if origin is not None:
        cache.run_one(origin, prompts[0][:shared])
        work.prompt_tokens += shared
    batch = Batch(cache, limits, work, shared, origin)
    waiting = sorted(range(len(prompts)), key=lambda n: len(prompts[n]))
    while waiting or batch.running:
        while waiting and len(batch.running) < slots:
            number = waiting.pop()
            yield from batch.admit(number, prompts[number])
        if batch.running:
            yield from batch.step()
