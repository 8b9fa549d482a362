"""What a task is given to ask with: an answerer, the prompts, and which of them are still open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.data import Dataset, Phrasing
from harness.engines.answerer import Answerer, Completion
from harness.engines.protocol import Limits
from harness.metrics.metric import Answer
from harness.metrics.registry import metrics_of, scores_of
from harness.records import Sample
from harness.tasks.prompts import Prompt, PromptSet
from harness.tasks.scoring import ScoredChoices, with_ends


@dataclass(frozen=True)
class AskedData:
    """A data set and the words in which its examples are put."""

    dataset: Dataset
    phrasing: Phrasing


@dataclass(frozen=True)
class Asking:
    """All that one cell needs.

    `done` are the indices that were answered before an interruption; they are not asked again.
    `reference` is set for a divergence task only.
    """

    key: str
    answerer: Answerer
    prompts: PromptSet
    done: frozenset[int] = frozenset()
    reference: Answerer | None = None

    def generate(self, max_new_tokens: int) -> Iterator[tuple[Prompt, Completion]]:
        """What is written behind each open prompt."""
        prompts = self.open_prompts()
        limits = Limits(max_new_tokens, self.prompts.stop_ids, self.prompts.ending.texts)
        for position, completion in self.answerer.generate(prompts, limits):
            yield prompts[position], completion

    @cached_property
    def scored(self) -> bool:
        """Whether choices are told by their log-probabilities; else they are written, and read."""
        prompts = self.open_prompts()
        return not (self.prompts.ending.written or self.answerer.unscored(prompts))

    def choose(self) -> Iterator[tuple[Prompt, ScoredChoices]]:
        """How likely each choice of each open prompt is."""
        prompts, ends = self.open_prompts(), sorted(self.prompts.ending.ids)
        scores = [self.prompts.score_of(prompt) for prompt in prompts]
        asked = [
            with_ends(prompt, ends) if score == "end" else prompt
            for prompt, score in zip(prompts, scores, strict=True)
        ]
        for position, logprobs in self.answerer.choose(asked):
            prompt = prompts[position]
            yield prompt, ScoredChoices.of(scores[position], prompt.choices, logprobs, len(ends))

    def sample(
        self, task_type: str, prompt: Prompt, answer: Answer, data: dict[str, Any]
    ) -> Sample:
        """An answered prompt, with a score of each metric that its type of task always has."""
        return Sample(
            key=self.key,
            index=prompt.index,
            id=prompt.id,
            target=answer.target or None,
            answer=answer.text,
            scores=scores_of(metrics_of(task_type), answer),
            data=data,
        )

    def open_prompts(self) -> list[Prompt]:
        """The prompts that are still to be asked."""
        return [prompt for prompt in self.prompts.prompts if prompt.index not in self.done]
