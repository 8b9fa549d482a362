"""Runs a model its own way, one sequence at a time: for models that packed attention does not fit.

Mamba, ALiBi, chunked attention, rotary angles that follow the length: all that Transformers runs
is answered rightly here, if not fast.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from harness.engines.answers import RunningAnswer
from harness.engines.contexts import Context, Scored, of_questions, questions_of
from harness.engines.hf.forward import Forward
from harness.engines.hf.passes import Passes
from harness.engines.hf.score import chosen
from harness.engines.oom import memory_errors
from harness.engines.portion import WHOLE, Portion
from harness.engines.protocol import Generation, Limits, Work


class PlainRunner:
    """Answers one prompt after the other."""

    def __init__(self, forward: Forward, work: Work) -> None:
        self._forward, self._work = forward, work
        self.batch = {"sequences": 1}

    def score(self, contexts: Sequence[Context], portion: Portion = WHOLE) -> Iterator[Scored]:
        """Log-probability (nats) of each target of a portion's questions, context by context."""
        wanted = portion.of([questions_of([context]) for context in contexts])
        for context in contexts:
            if wanted.isdisjoint(questions_of([context])):
                continue
            positions = context.positions
            with memory_errors("scoring a prompt"):
                logits = self._logits(context.ids, positions)
            row = {position: number for number, position in enumerate(positions)}
            values = chosen(logits, [(row[t.position], t) for t in context.targets])
            self._work.prompt_tokens += len(context.ids)
            yield of_questions(list(zip(context.targets, values, strict=True)), wanted)

    def generate(
        self, prompts: Sequence[Sequence[int]], limits: Limits, portion: Portion = WHOLE
    ) -> Iterator[tuple[int, Generation]]:
        """The greedy continuation of each prompt of a portion."""
        for number, prompt in enumerate(prompts):
            if not portion.has(number):
                continue
            with memory_errors("generating"):
                answer = self._generate(prompt, limits)
            self._work.prompt_tokens += len(prompt)
            self._work.new_tokens += len(answer.ids)
            yield number, answer

    def blocks(self, ids: Sequence[int], rows: int) -> Iterator[Any]:
        """Logits after each id, (at most `rows`, vocabulary) at a time.

        A block is computed from the beginning: what a model keeps between passes differs.
        """
        for start in range(0, len(ids), rows):
            end = min(start + rows, len(ids))
            with memory_errors(f"running {end} tokens"):
                logits = self._logits(ids[:end], range(start, end))
            self._work.prompt_tokens += end
            yield logits

    def passes(self) -> Passes:
        """Sequences of equal length that are run step by step, for timing."""
        return PlainPasses(self._forward)

    def _logits(self, ids: Sequence[int], positions: Sequence[int]) -> Any:
        """Logits at some positions of one sequence, (positions, vocabulary)."""
        columns = torch.tensor(list(positions), device=self._forward.device)
        sequence = torch.tensor([list(ids)], device=self._forward.device)
        return self._forward(sequence, torch.zeros_like(columns), columns, wide=True)[0]

    def _generate(self, prompt: Sequence[int], limits: Limits) -> Generation:
        """The greedy continuation of one prompt, with the model's own cache where it has one."""
        answer = RunningAnswer(0, len(prompt), time.perf_counter())
        new, cache = list(prompt), None
        zero = torch.zeros(1, dtype=torch.long, device=self._forward.device)
        while True:
            logits, cache = self._forward(
                torch.tensor([new], device=self._forward.device),
                zero,
                zero + len(new) - 1,
                past=cache,
                use_cache=True,
            )
            token = int(logits[0].argmax())
            found = answer.add(token, float(logits[0, token]), limits)
            if found is not None:
                return found
            new = [*prompt, *answer.ids] if cache is None else [token]


class PlainPasses:
    """See `Passes`. Models without a cache of keys and values run each sequence from its start."""

    def __init__(self, forward: Forward) -> None:
        self._forward = forward
        self._rows: list[list[int]] = []
        self._cache: Any = None

    def read(self, rows: Sequence[Sequence[int]]) -> Any:
        """See `Passes.read`."""
        before = self._rows or [[] for _ in rows]
        self._rows = [[*old, *new] for old, new in zip(before, rows, strict=True)]
        asked = self._rows if self._cache is None else rows
        ids = torch.tensor([list(row) for row in asked], device=self._forward.device)
        numbers = torch.arange(len(rows), device=self._forward.device)
        last = torch.full_like(numbers, ids.shape[1] - 1)
        logits, self._cache = self._forward(ids, numbers, last, past=self._cache, use_cache=True)
        return logits

    def repeated(self, count: int) -> PlainPasses:
        """See `Passes.repeated`."""
        new = PlainPasses(self._forward)
        new._rows = [list(self._rows[0]) for _ in range(count)] if self._rows else []
        new._cache = copy.deepcopy(self._cache)
        if new._cache is not None:
            new._cache.batch_repeat_interleave(count)
        return new

    @property
    def cache_bytes(self) -> int:
        """See `Passes.cache_bytes`."""
        parts = [
            getattr(layer, name, None)
            for layer in getattr(self._cache, "layers", ())
            for name in ("keys", "values")
        ]
        return sum(int(p.numel() * p.element_size()) for p in parts if p is not None)
