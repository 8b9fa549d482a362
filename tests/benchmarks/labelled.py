"""Worlds of labels: how often each occurs, and what two models answer to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.analysis.metrics import over_labels
from harness.analysis.resampling import DifferenceStatistic, observed
from harness.metrics.registry import METRICS
from harness.metrics.statistic import FloatArray
from tests.benchmarks.coverage import CONFIDENCE, Drawn, Found, interval_of, paired_interval, sample


@dataclass(frozen=True)
class Labels:
    """Labels by how often they occur (labels,), and how often each (row) is answered by each (column)."""

    name: str
    shares: FloatArray
    before: FloatArray
    after: FloatArray
    alike: float = 0.7
    """The share of examples on which both models have the same luck."""

    def truth(self, answers: FloatArray) -> float:
        """Macro F1 over endlessly many examples."""
        joint = self.shares[:, None] * answers
        return float(np.mean(2 * np.diag(joint) / (joint.sum(axis=0) + joint.sum(axis=1))))

    def trial(self, rng: np.random.Generator, n: int, weights: FloatArray) -> Drawn:
        """n examples; the two models err on much the same ones."""
        labels = tuple(str(label) for label in range(len(self.shares)))
        targets = rng.choice(len(labels), n, p=self.shares)
        luck = rng.random(n)
        other = np.where(rng.random(n) < self.alike, luck, rng.random(n))
        cells = []
        for matrix, drawn in ((self.before, luck), (self.after, other)):
            answers = (drawn[:, None] > matrix.cumsum(axis=1)[targets]).sum(axis=1)
            cells.append(
                [
                    sample(target=str(target), answer=str(answer))
                    for target, answer in zip(targets.tolist(), answers.tolist(), strict=True)
                ]
            )
        before, after = (METRICS["macro_f1"].statistic(cell, labels) for cell in cells)
        single = over_labels(
            interval_of(before, weights),
            observed(before),
            cells[0],
            labels,
            (1 + CONFIDENCE) / 2,
        )
        truths = self.truth(self.before), self.truth(self.after)
        pair = DifferenceStatistic(before, after)
        return {
            f"macro F1{self.name} (BCa)": Found(truths[0], single),
            f"difference of macro F1{self.name} (BCa)": Found(
                truths[1] - truths[0], paired_interval(pair, weights, _reach(targets))
            ),
        }


def _reach(targets: npt.NDArray[np.int64]) -> float:
    """How far macro F1 moves if every answer changes, by what one of the rarest label can do."""
    due = np.unique_counts(targets).counts
    return float(2.5 * len(targets) / (len(due) * due.min()))


def answering(shares: FloatArray, recall: FloatArray) -> FloatArray:
    """A model that answers each label rightly so often, and else another by how common that is."""
    others = np.tile(shares, (len(shares), 1))
    np.fill_diagonal(others, 0.0)
    wrong: FloatArray = others / others.sum(axis=1, keepdims=True) * (1 - recall)[:, None]
    return wrong + np.diag(recall)


THREE = Labels(
    "",
    np.array([0.6, 0.28, 0.12]),
    np.array([[0.85, 0.10, 0.05], [0.20, 0.70, 0.10], [0.20, 0.25, 0.55]]),
    np.array([[0.80, 0.15, 0.05], [0.25, 0.60, 0.15], [0.30, 0.25, 0.45]]),
)
"""As in a sample of financial news."""
_FIVE = np.array([0.5, 0.25, 0.15, 0.07, 0.03])
_GOOD = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
FIVE = Labels(
    ", five unequal labels", _FIVE, answering(_FIVE, _GOOD), answering(_FIVE, _GOOD * 0.88)
)
_EVEN = np.full(20, 0.05)
TWENTY = Labels(
    ", twenty labels",
    _EVEN,
    answering(_EVEN, np.full(20, 0.75)),
    answering(_EVEN, np.full(20, 0.66)),
)
PERFECT = Labels(
    ", 97% right",
    THREE.shares,
    answering(THREE.shares, np.full(3, 0.97)),
    answering(THREE.shares, np.full(3, 0.93)),
    alike=0.95,
)
