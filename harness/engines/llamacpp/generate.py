"""Greedy generation with continuous batching (`harness.engines.answers`).

The answers being written are in the first streams, as llama.cpp runs neighbouring streams together.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from harness.engines.answers import Ended, RunningAnswer, RunningAnswers
from harness.engines.contexts import WORTHWHILE, shared_length
from harness.engines.llamacpp.caches import Caches
from harness.engines.llamacpp.context import LlamaContext
from harness.engines.llamacpp.model import LlamaModel
from harness.engines.llamacpp.score import sides
from harness.engines.protocol import Generation, Limits, Work


@dataclass(frozen=True)
class DecodeBatch:
    """The answers being written; the n-th is in stream n."""

    cache: LlamaContext
    answers: RunningAnswers
    prompts: Sequence[Sequence[int]]
    shared: int
    origin: int | None
    """The stream that holds what all prompts begin with, where that was run on its own."""

    def admit(self, waiting: list[int]) -> Ended:
        """Runs the last of the waiting prompts: see `Answers.write`."""
        number = waiting.pop()
        prompt, stream = self.prompts[number], len(self.answers.running)
        answer = RunningAnswer(number, len(prompt), time.perf_counter())
        if self.origin is None:
            self.cache.keep(stream, 0)
        elif self.cache.lengths[stream] < self.shared:
            self.cache.copy(self.origin, stream)
        else:
            self.cache.keep(stream, self.shared)
        logits = self.cache.run_one(stream, prompt[self.cache.lengths[stream] :])
        token = int(logits.argmax())
        self.answers.work.prompt_tokens += len(prompt) - self.shared
        self.answers.running.append(answer)
        return self.answers.take([answer], [token], [float(logits[token])])

    def step(self, asked: list[RunningAnswer]) -> Ended:
        """Writes one more token of each answer: see `Answers.write`."""
        logits = self.cache.step([answer.ids[-1] for answer in asked])
        tokens = logits.argmax(axis=-1)
        highest = logits[range(len(tokens)), tokens]
        return self.answers.take(asked, tokens.tolist(), highest.tolist())


def generate_all(
    caches: Caches,
    prompts: Sequence[Sequence[int]],
    limits: Limits,
    model: LlamaModel,
    streams: int,
    work: Work,
    blocks: Sequence[Sequence[int]],
    wanted: Collection[int],
) -> Iterator[tuple[int, Generation]]:
    """The greedy continuation of each wanted prompt with its index, as they are finished.

    Args:
        caches: to work in.
        prompts: all, whoever continues which; the cache is laid out for them.
        limits: at least one new token.
        model: what is run.
        streams: most prompts answered at the same time.
        work: what is done is added here.
        blocks: indices of the prompts that are answered together.
        wanted: indices of those that are continued.
    """
    cells = [len(prompt) + limits.max_new_tokens for prompt in prompts]
    for numbers in sides(range(len(prompts)), cells.__getitem__, model.turns_at):
        side = frozenset(numbers)
        shared = shared_length([prompts[number] for number in numbers]) if model.forgets else 0
        size = (max(cells[number] for number in numbers), min(streams, len(numbers)))
        for block in blocks:
            asked = [number for number in block if number in side and number in wanted]
            if asked:
                of = [prompts[number] for number in asked]
                for place, answer in _generate(caches, of, shared, size, limits, model, work):
                    yield asked[place], answer


def _generate(
    caches: Caches,
    prompts: Sequence[Sequence[int]],
    shared: int,
    size: tuple[int, int],
    limits: Limits,
    model: LlamaModel,
    work: Work,
) -> Iterator[tuple[int, Generation]]:
    """Continues prompts that are answered together, in a cache of so many cells and streams (`size`)."""
    shared = shared if shared >= WORTHWHILE else 0
    least = model.least_rows if model.forgets else 1
    cells, slots = size
    extra = 1 if shared else 0
    cache = caches.get(cells, max(slots, least) + extra, least + extra)
    if cache.streams - extra < slots:
        caches.batch["answers"] = slots = cache.streams - extra
    slots = min(slots, len(prompts))
    origin = cache.streams - 1 if shared else None
    if origin is not None:
        cache.run_one(origin, prompts[0][:shared])
        work.prompt_tokens += shared
    answers = RunningAnswers(limits, work, cache.copy)
    batch = DecodeBatch(cache, answers, prompts, shared, origin)
    yield from answers.write(prompts, slots, batch.admit, batch.step)
