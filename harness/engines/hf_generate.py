"""Greedy generation with a packed model and continuous batching.

A finished sequence makes room for the next prompt at once (Yu et al. 2022, "Orca", §3:
iteration-level scheduling). Answers being written lie in the first slots of the store, so that a
step reads their keys and values in place.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.engines.hf_packed import PackedModel, Prefix, Segment
from harness.engines.hf_slots import STEP, Slots
from harness.engines.protocol import Generation, Limits, Work


@dataclass(eq=False)
class Answer:
    """A prompt that is being answered."""

    prompt: int
    length: int
    """Tokens of its sequence that the store holds, or is about to."""
    started: float
    ids: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, token: int, limits: Limits) -> Generation | None:
        """Adds a new id; gives the answer if that ended it."""
        if token in limits.stop_ids:
            return Generation(tuple(self.ids), "stop", tuple(self.seconds))
        self.ids.append(token)
        self.seconds.append(time.perf_counter() - self.started)
        if len(self.ids) == limits.max_new_tokens:
            return Generation(tuple(self.ids), "length", tuple(self.seconds))
        return None


@dataclass
class Batch:
    """The answers being written; the n-th is in slot n."""

    model: PackedModel
    prefix: Prefix
    store: Slots
    limits: Limits
    work: Work
    running: list[Answer] = field(default_factory=list)

    def admit(
        self, prompts: Sequence[Sequence[int]], numbers: Sequence[int]
    ) -> list[tuple[int, Generation]]:
        """Runs new prompts behind those that are running; gives answers that ended at once."""
        started, known = time.perf_counter(), self.prefix.length
        new = [Answer(number, len(prompts[number]), started) for number in numbers]
        segments = [
            Segment.chain(prompts[number][known:], known, len(self.running) + n)
            for n, number in enumerate(numbers)
        ]
        ends, total = [], 0
        for segment in segments:
            total += len(segment.ids)
            ends.append(total - 1)
        logits = self.model.run(segments, ends, self.prefix, self.store)
        self.work.prompt_tokens += total
        self.running += new
        return self._take(new, logits.argmax(-1).tolist())

    def step(self) -> list[tuple[int, Generation]]:
        """Writes one more token of each answer; gives those that it ended."""
        segments = [
            Segment.chain([answer.ids[-1]], answer.length, slot)
            for slot, answer in enumerate(self.running)
        ]
        for answer in self.running:
            answer.length += 1
        self.store.trim(max(answer.length for answer in self.running) - self.prefix.length)
        places = range(len(segments))
        logits = self.model.run(segments, places, self.prefix, self.store, from_store=True)
        return self._take(list(self.running), logits.argmax(-1).tolist())

    def _take(self, asked: list[Answer], tokens: list[int]) -> list[tuple[int, Generation]]:
        ended = []
        for answer, token in zip(asked, tokens, strict=True):
            before = len(answer.ids)
            generation = answer.add(token, self.limits)
            self.work.new_tokens += len(answer.ids) - before
            if generation is not None:
                ended.append((answer.prompt, generation))
                self._leave(answer)
        return ended

    def _leave(self, answer: Answer) -> None:
        """Gives the slot of an answer to the last one, so that the first slots stay in use."""
        slot, last = self.running.index(answer), self.running.pop()
        if last is not answer:
            self.store.move(len(self.running), slot)
            self.running[slot] = last


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
    batch = Batch(model, prefix, store, limits, work)
    while waiting or batch.running:
        while waiting and len(batch.running) < store.count:
            room, size = store.count - len(batch.running), 0
            taken: list[int] = []
            while waiting and len(taken) < room:
                size += len(prompts[waiting[-1]]) - prefix.length
                if taken and size > tokens:
                    break
                taken.append(waiting.pop())
            yield from batch.admit(prompts, taken)
        if batch.running:
            yield from batch.step()
