"""Greedy generation with a packed model and continuous batching (`harness.engines.answers`).

Answers being written lie in the first slots of the store, so that a step reads their keys and values
in place.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.engines.answers import Ended, RunningAnswer, RunningAnswers
from harness.engines.hf.packed import PackedModel, Prefix, Segment
from harness.engines.hf.sizes import STEP
from harness.engines.hf.slots import Slots
from harness.engines.protocol import Generation, Limits, Work


@dataclass(frozen=True)
class PackedBatch:
    """The answers being written; the n-th is in slot n."""

    model: PackedModel
    prompts: Sequence[Sequence[int]]
    prefix: Prefix
    store: Slots
    answers: RunningAnswers
    tokens: int
    """Most prompt tokens of one pass."""

    def admit(self, waiting: list[int]) -> Ended:
        """Runs as many of the last prompts as there is room for: see `Answers.write`."""
        known, running = self.prefix.length, self.answers.running
        new: list[RunningAnswer] = []
        segments: list[Segment] = []
        ends: list[int] = []
        started, total = time.perf_counter(), 0
        while waiting and len(running) + len(new) < self.store.count:
            prompt = self.prompts[waiting[-1]]
            total += len(prompt) - known
            if new and total > self.tokens:
                break
            segments.append(Segment.chain(prompt[known:], known, len(running) + len(new)))
            new.append(RunningAnswer(waiting.pop(), len(prompt), started))
            ends.append(total - 1)
        logits = self.model.run(segments, ends, self.prefix, self.store)
        self.answers.work.prompt_tokens += ends[-1] + 1
        running += new
        return self.answers.take(new, *likeliest(logits))

    def step(self, asked: list[RunningAnswer]) -> Ended:
        """Writes one more token of each answer: see `Answers.write`."""
        segments = [
            Segment.chain([answer.ids[-1]], answer.position, slot)
            for slot, answer in enumerate(asked)
        ]
        self.store.trim(max(answer.position for answer in asked) + 1 - self.prefix.length)
        places = range(len(segments))
        logits = self.model.run(segments, places, self.prefix, self.store, from_store=True)
        return self.answers.take(asked, *likeliest(logits))


def likeliest(logits: Any) -> tuple[list[int], list[float]]:
    """The likeliest id of each row of logits (rows, vocabulary), and its logit, NaN if any is."""
    tokens = logits.argmax(-1)
    return tokens.tolist(), logits.gather(-1, tokens[:, None])[:, 0].tolist()


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
    longest = max(map(len, prompts)) - prefix.length
    store = Slots(min(slots, len(prompts)), longest + min(limits.max_new_tokens, STEP))
    answers = RunningAnswers(limits, work, store.move)
    batch = PackedBatch(model, prompts, prefix, store, answers, tokens)
    yield from answers.write(prompts, store.count, batch.admit, batch.step)
