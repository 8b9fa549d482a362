"""Which of a prompt's choices is likeliest, by their log-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from harness.suite.schema import Score
from harness.tasks.prompts import Prompt


def with_ends(prompt: Prompt, ends: Sequence[int]) -> Prompt:
    """The same question, each choice followed by itself with each of the ids that may end it."""
    choices = [(choice, *((*choice, end) for end in ends)) for choice in prompt.choices]
    return replace(prompt, choices=tuple(ids for one in choices for ids in one))


@dataclass(frozen=True)
class ScoredChoices:
    """How likely each choice is; logarithms are natural."""

    logprobs: tuple[float, ...]
    """Of all tokens of each choice."""
    scores: tuple[float, ...]
    """What they are compared by."""
    ends: tuple[float, ...] = ()
    """That the answer ends behind each; empty where that is not scored."""

    @classmethod
    def of(
        cls,
        score: Score,
        choices: Sequence[Sequence[int]],
        logprobs: Sequence[float],
        ends: int,
    ) -> ScoredChoices:
        """From what an answerer gave.

        Args:
            score: what they are compared by.
            choices: their ids.
            logprobs: of each choice; where the end is scored, of what `with_ends` asks.
            ends: how many ids may end a choice.
        """
        if score != "end":
            tokens = [max(1, len(choice)) if score == "mean" else 1 for choice in choices]
            pairs = zip(logprobs, tokens, strict=True)
            return cls(tuple(logprobs), tuple(total / count for total, count in pairs))
        table = np.array(logprobs, dtype=np.float64).reshape(len(choices), 1 + ends)
        ended = np.logaddexp.reduce(table[:, 1:], axis=1)
        return cls(
            tuple(table[:, 0].tolist()),
            tuple(ended.tolist()),
            tuple((ended - table[:, 0]).tolist()),
        )

    def likeliest(self, lengths: Sequence[int] | None = None) -> int:
        """The place of the likeliest choice, perhaps each divided by a length; the first of equals."""
        over = [max(1, length) for length in lengths or [1] * len(self.scores)]
        scores = [score / length for score, length in zip(self.scores, over, strict=True)]
        return max(range(len(scores)), key=scores.__getitem__)

    def record(self, labels: Sequence[str]) -> dict[str, Any]:
        """What a sample keeps, by label."""
        found = {"logprobs": dict(zip(labels, self.logprobs, strict=True))}
        if self.ends:
            found["end_logprobs"] = dict(zip(labels, self.ends, strict=True))
        return found
