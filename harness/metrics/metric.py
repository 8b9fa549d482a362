"""A metric as one thing: its descriptor, how an answer is scored, and what its figure is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.metrics import columns
from harness.metrics.statistic import FloatArray, Statistic, ratio
from harness.records import WORDLESS, MetricDescriptor, Sample
from harness.words import WordRule


@dataclass(frozen=True)
class Answer:
    """What a model answered to one example."""

    text: str | None
    """None where no label was found in what it wrote."""
    target: str = ""
    pieces: Sequence[object] = ()
    """The tokens that it wrote, or the words where nobody told the tokens."""
    truncated: bool = False
    """Whether the limit of new tokens cut it."""
    rule: WordRule = "english"
    """How words are to be read: one rule for all answers of a task (`harness.words`)."""


class Metric(MetricDescriptor):
    """A metric of the harness, or one that a suite brings along.

    Of a metric that is the mean of a score per example `score` gives the score, unless the suite's
    own code does; `bounded` says that each lies from 0 to 1, `by_words` that it
    depends on how words are read, and `of_words` that there is none where a right answer holds no word.
    `made_of` gives the statistic of every other metric that samples are resampled for, `rounds` what a
    timing is made of, and `level` which quantile of that a tail is. What was measured once is made of
    nothing.
    """

    score: Callable[[Answer], float] | None = None
    bounded: bool = False
    by_words: bool = False
    of_words: bool = False
    made_of: Callable[[Sequence[Sample], Sequence[str]], Statistic] | None = None
    rounds: Callable[[Sequence[Sample]], list[FloatArray]] | None = None
    level: float = 0.5

    @property
    def descriptor(self) -> MetricDescriptor:
        """What of it travels with its figures."""
        return MetricDescriptor(
            **{key: getattr(self, key) for key in MetricDescriptor.model_fields}
        )

    def defined(self, samples: Sequence[Sample]) -> Sequence[Sample]:
        """The samples that it can be told of."""
        if not self.of_words:
            return samples
        return [sample for sample in samples if not sample.data.get(WORDLESS)]

    def scores(self, samples: Sequence[Sample]) -> FloatArray:
        """The score of each sample (examples,).

        Raises:
            BadDataError: a sample does not have it.
        """
        return columns.scores(self.name, samples)

    def statistic(self, samples: Sequence[Sample], labels: Sequence[str] = ()) -> Statistic:
        """The metric as a function of how much each sample counts, in the order given.

        Args:
            samples: of one cell.
            labels: of a classification.

        Raises:
            BadDataError: a sample lacks what the metric is made of.
            ValueError: it is a timing, or was measured once.
        """
        if self.scores_examples:
            return ratio(self.scores(samples), np.ones(len(samples)))
        if self.made_of is None:
            raise ValueError(f"{self.name} cannot be resampled")
        return self.made_of(samples, labels)

    def by_round(self, samples: Sequence[Sample]) -> list[FloatArray]:
        """What a timing is made of, an array a round: rates, or waits in seconds.

        Raises:
            ValueError: it is no timing.
        """
        if self.rounds is None:
            raise ValueError(f"{self.name} is no timing")
        return self.rounds(samples)
