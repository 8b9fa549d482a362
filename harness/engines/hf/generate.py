"""Greedy generation with a packed model and continuous batching.

A finished sequence makes room for the next prompt at once (Yu et al. 2022, "Orca", §3:
iteration-level scheduling). Answers being written lie in the first slots of the store, so that a
step reads their keys and values in place.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.engines.answers import Answer, Answers
from harness.engines.hf.packed import PackedModel, Prefix, Segment
from harness.engines.hf.sizes import STEP
from harness.engines.hf.slots import Slots
from harness.engines.protocol import Generation, Limits, Work


@dataclass(frozen=True)
class Batch:
    """The answers being written; the n-th is in slot n."""

    model: PackedModel
    prefix: Prefix
    store: Slots
    answers: Answers

    def admit(
        self, prompts: Sequence[Sequence[int]], numbers: Sequence[int]
    ) -> list[tuple[int, Generation]]:
        """Runs new prompts behind those that are running; gives answers that ended at once."""
        started, known, running = time.perf_counter(), self.prefix.length, self.answers.running
        new = [Answer(number, len(prompts[number]), started) for number in numbers]
        segments = [
            Segment.chain(prompts[number][known:], known, len(running) + n)
            for n, number in enumerate(numbers)
        ]
        ends, total = [], 0
        for segment in segments:
            total += len(segment.ids)
            ends.append(total - 1)
        logits = self.model.run(segments, ends, self.prefix, self.store)
        self.answers.work.prompt_tokens += total
        running += new
        return self.answers.take(new, logits.argmax(-1).tolist())

    def step(self) -> list[tuple[int, Generation]]:
        """Writes one more token of each answer; gives those that it ended."""
        asked = list(self.answers.running)
        segments = [
            Segment.chain([answer.ids[-1]], answer.position, slot)
            for slot, answer in enumerate(asked)
        ]
        self.store.trim(max(answer.position for answer in asked) + 1 - self.prefix.length)
        places = range(len(segments))
        logits = self.model.run(segments, places, self.prefix, self.store, from_store=True)
        return self.answers.take(asked, logits.argmax(-1).tolist())


def generate_all(
    model: PackedModel,
    prompts: Sequence[Sequence[int]],
    prefix: Prefix,
    limits: Limits,
    slots: int,
    tokens: int,
    work: Work,
) -> Iterator[tuple[int, Generation]]:
    """The greedy continuation of each prompt with its index, as they are finished.

    Args:
        model: what writes.
        prompts: each longer than the prefix.
        prefix: what all prompts begin with.
        limits: at least one new token.
        slots: most prompts answered at the same time.
        tokens: most prompt tokens of one pass.
        work: what is done is added here.
    """
    waiting = sorted(range(len(prompts)), key=lambda n: len(prompts[n]))
    longest = max(map(len, prompts)) - prefix.length
    store = Slots(min(slots, len(prompts)), longest + min(limits.max_new_tokens, STEP))
    answers = Answers(limits, work, store.move)
    batch = Batch(model, prefix, store, answers)
    while waiting or answers.running:
        while waiting and len(answers.running) < store.count:
            room, size = store.count - len(answers.running), 0
            taken: list[int] = []
            while waiting and len(taken) < room:
                size += len(prompts[waiting[-1]]) - prefix.length
                if taken and size > tokens:
                    break
                taken.append(waiting.pop())
            yield from batch.admit(prompts, taken)
        if answers.running:
            yield from batch.step()
