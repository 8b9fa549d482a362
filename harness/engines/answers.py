"""Answers that are being written side by side, whatever runs the model.

The n-th running answer is in place n of the engine's cache. When one ends, the last one takes its
place, so that the first places stay in use.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.engines.protocol import Generation, Limits, Work

Ended = list[tuple[int, Generation]]
"""Answers that ended, with the numbers of their prompts."""


@dataclass(eq=False)
class RunningAnswer:
    """A prompt that is being answered."""

    prompt: int
    prompt_tokens: int
    started: float
    ids: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    @property
    def position(self) -> int:
        """Position of the last id that was written."""
        return self.prompt_tokens + len(self.ids) - 1

    def add(self, token: int, logit: float, limits: Limits) -> Generation | None:
        """Adds a new id, whose logit is the highest; gives the answer if that ended it."""
        if not math.isfinite(logit):
            return Generation(tuple(self.ids), "stop", tuple(self.seconds), logit)
        if token in limits.stop_ids:
            return Generation(tuple(self.ids), "stop", tuple(self.seconds))
        self.ids.append(token)
        self.seconds.append(time.perf_counter() - self.started)
        if limits.ended is not None and limits.ended(self.ids):
            return Generation(tuple(self.ids), "stop", tuple(self.seconds))
        if len(self.ids) == limits.max_new_tokens:
            return Generation(tuple(self.ids), "length", tuple(self.seconds))
        return None


@dataclass
class RunningAnswers:
    """The running answers, in the order of their places.

    `move` is called with the last place and one that came free, and copies what the cache holds.
    """

    limits: Limits
    work: Work
    move: Callable[[int, int], None]
    running: list[RunningAnswer] = field(default_factory=list)

    def write(
        self,
        prompts: Sequence[Sequence[int]],
        places: int,
        admit: Callable[[list[int]], Ended],
        step: Callable[[list[RunningAnswer]], Ended],
    ) -> Iterator[tuple[int, Generation]]:
        """The greedy continuation of each prompt with its index, as they are finished.

        The longest come first, and a finished one makes room for the next at once, so that short
        answers do not wait for long ones (Yu et al. 2022, "Orca", §3: iteration-level scheduling).

        Args:
            prompts: what to continue.
            places: most that are answered at the same time.
            admit: takes the numbers of one or more prompts off the end of a list, and runs them
                behind those that are running; gives answers that ended at once.
            step: writes one more token of each running answer; gives those that it ended.
        """
        waiting = sorted(range(len(prompts)), key=lambda number: len(prompts[number]))
        while waiting or self.running:
            while waiting and len(self.running) < places:
                yield from admit(waiting)
            if self.running:
                yield from step(list(self.running))

    def take(
        self, asked: Sequence[RunningAnswer], tokens: Sequence[int], logits: Sequence[float]
    ) -> Ended:
        """Adds a new id to each of some running answers; gives those that it ended.

        Args:
            asked: running answers.
            tokens: the likeliest next id of each.
            logits: of these ids.
        """
        ended = []
        for answer, token, logit in zip(asked, tokens, logits, strict=True):
            before = len(answer.ids)
            generation = answer.add(token, logit, self.limits)
            self.work.new_tokens += len(answer.ids) - before
            if generation is not None:
                self._leave(answer)
                ended.append((answer.prompt, generation))
        return ended

    def _leave(self, answer: RunningAnswer) -> None:
        place, last = self.running.index(answer), self.running.pop()
        if last is not answer:
            self.move(len(self.running), place)
            self.running[place] = last
