"""What a task is given to ask with: an answerer, the prompts, and which of them are still open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.data import Dataset, Phrasing
from harness.engines.answerer import Answerer, Completion, Picked, Way
from harness.engines.portion import Portion
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
    `reference` is set for a divergence task only. Of a cell that several workers ask, `share` of `shares` is this
    one's, counted from 0.
    """

    key: str
    answerer: Answerer
    prompts: PromptSet
    done: frozenset[int] = frozenset()
    reference: Answerer | None = None
    share: int = 0
    shares: int = 1

    def generate(self, max_new_tokens: int) -> Iterator[tuple[Prompt, Completion]]:
        """What is written behind each open prompt."""
        answerer, prompts = self._asked()
        limits = Limits(max_new_tokens, self.prompts.stop_ids, self.prompts.ending.texts)
        for position, completion in answerer.generate(prompts, limits):
            yield prompts[position], completion

    def way(self, may: frozenset[Way]) -> Way:
        """How choices are told, of the ways that a task allows.

        What is compared by more than the sum over its tokens cannot be told by the first one; and where
        only a server knows what ends an answer, nothing that needs its end can be.
        """
        prompts = self.prompts
        if prompts.ending.written:
            may -= {"loglikelihood", "first_token"}
        elif any(prompts.score_of(prompt) != "sum" for prompt in prompts.prompts):
            may -= {"first_token"}
        return self.answerer.way(prompts.prompts, may)

    def pick(self, way: Way) -> Iterator[tuple[Prompt, Picked]]:
        """Which choice of each open prompt is told in a way that scores none of them whole."""
        prompts = self.open_prompts()
        for position, found in self.answerer.pick(prompts, way):
            yield prompts[position], found

    def labels_of(self, prompt: Prompt) -> tuple[str, ...]:
        """What a prompt's choices are called."""
        return prompt.labels or self.prompts.labels

    def choose(self) -> Iterator[tuple[Prompt, ScoredChoices]]:
        """How likely each choice of each open prompt is."""
        (answerer, prompts), ends = self._asked(), sorted(self.prompts.ending.ids)
        scores = [self.prompts.score_of(prompt) for prompt in prompts]
        asked = [
            with_ends(prompt, ends) if score == "end" else prompt
            for prompt, score in zip(prompts, scores, strict=True)
        ]
        for position, logprobs in answerer.choose(asked):
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
        """The prompts that are still to be asked, each for itself."""
        portion = self._portion()
        return [prompt for n, prompt in enumerate(self.prompts.prompts) if portion.has(n)]

    def _asked(self) -> tuple[Answerer, Sequence[Prompt]]:
        """Whom to ask, and what: all prompts, where what is run beside one has a say in its answer."""
        found = self.answerer.answering(self._portion())
        return (
            (self.answerer, self.open_prompts()) if found is None else (found, self.prompts.prompts)
        )

    def _portion(self) -> Portion:
        done = (n for n, prompt in enumerate(self.prompts.prompts) if prompt.index in self.done)
        return Portion(frozenset(done), self.share, self.shares)
