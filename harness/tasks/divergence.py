"""Divergence: how far a model's next-token distributions are from a reference model's.

Both read the same ids: prompt and reference answer. What all prompts begin with (the template's
head, the instruction) is read but not scored, since it would only dilute the figures. Blocks of
rows are streamed through both engines side by side; no file and no buffer of all logits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.engines.protocol import Engine, LogProbs
from harness.records import Sample
from harness.suite.schema import DivergenceTask
from harness.tasks.asking import Asking
from harness.tasks.prompts import common_prefix

ROWS = 256
"""Rows of a block: at a vocabulary of 152k and float32, 155 MB for each of the two models."""


@dataclass
class Divergence:
    """What is added up over the scored positions of one document; logarithms are natural."""

    kl: list[float] = field(default_factory=list)
    same_top1: int = 0
    nll: float = 0.0
    reference_nll: float = 0.0

    def add(self, reference: LogProbs, candidate: LogProbs, following: Sequence[int]) -> None:
        """Adds a block: rows of log-probabilities, and the id that came after each row."""
        width = min(reference.shape[1], candidate.shape[1])
        p, q = reference[:, :width].astype(np.float64), candidate[:, :width].astype(np.float64)
        terms = np.where(np.isneginf(p), 0.0, np.exp(p) * (p - q))
        self.kl += [max(0.0, float(row)) for row in terms.sum(axis=1)]
        self.same_top1 += int((p.argmax(axis=1) == q.argmax(axis=1)).sum())
        rows = np.arange(len(following))
        self.reference_nll -= float(p[rows, list(following)].sum())
        self.nll -= float(q[rows, list(following)].sum())


def measure(reference: Engine, candidate: Engine, ids: Sequence[int], start: int) -> Divergence:
    """KL(reference || candidate) and the likelihood of `ids[start:]` under both.

    Args:
        reference: the model that is taken as given.
        candidate: the model that is held against it.
        ids: the document.
        start: the first id that counts; at least 1, since nothing predicts the first.
    """
    total, row = Divergence(), 0
    blocks = zip(
        reference.distributions(ids, ROWS), candidate.distributions(ids, ROWS), strict=True
    )
    for expected, found in blocks:
        first, last = max(row, start - 1), min(row + len(expected), len(ids) - 1)
        if first < last:
            chosen = slice(first - row, last - row)
            total.add(expected[chosen], found[chosen], ids[first + 1 : last + 1])
        row += len(expected)
    return total


def ask(task: DivergenceTask, asking: Asking) -> Iterator[Sample]:
    """Measures every open document, in order."""
    assert asking.prompts is not None and asking.reference is not None
    start = max(1, common_prefix([prompt.ids for prompt in asking.prompts.prompts]))
    for prompt in asking.open_prompts():
        ids = (*prompt.ids, *prompt.target_ids)
        found = measure(asking.reference, asking.engine, ids, start)
        yield Sample(
            key=asking.key,
            index=prompt.index,
            id=prompt.id,
            data={
                "kl": [float(f"{value:.6g}") for value in found.kl],
                "same_top1": found.same_top1,
                "tokens": len(found.kl),
                "nll": found.nll,
                "reference_nll": found.reference_nll,
                "bytes": len(asking.decode(ids[start:]).encode()),
            },
        )
