"""Divergence: how far a model's next-token distributions are from a reference model's.

Both read the same ids. Of a data set: prompt and reference answer, where what all prompts begin
with (the template's head, the instruction) is read but not scored, since it would only dilute the
figures. Of a text: windows of it, all of which is scored. Blocks of rows are streamed through both
engines side by side; there is no file and no buffer of all logits, so that memory depends neither
on the documents nor, much, on the vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from harness.engines.answerer import Answerer
from harness.engines.contexts import common_prefix
from harness.engines.finite import told_by
from harness.engines.protocol import Engine, LogProbs
from harness.errors import BadModelError, NotFiniteError
from harness.metrics.divergence import kl_divergence
from harness.metrics.statistic import FloatArray
from harness.records import Sample
from harness.suite.schema import DivergenceTask
from harness.tasks.asking import Asking
from harness.tasks.prompts import Prompt, PromptSet

BLOCK_BYTES = 32 << 20
"""Most that a block of one model's float32 log-probabilities holds: 55 rows of 152,064."""
MAX_ROWS = 256
"""Most rows of a block: with a small vocabulary the forward pass is what takes memory."""
SLICE_BYTES = 4 << 20
"""Most that one float64 array holds while a block is worked through: it stays near the cache."""


@dataclass
class Divergence:
    """What is added up over the scored positions of one document; logarithms are natural.

    `delta_p` sums by how much more probable the candidate found each token that really followed
    than the reference did, `delta_p_squared` the squares of that: divided by the tokens they give
    llama-perplexity's mean Δp and, after the root, RMS Δp.
    """

    kl: list[float] = field(default_factory=list)
    same_top1: int = 0
    nll: float = 0.0
    reference_nll: float = 0.0
    delta_p: float = 0.0
    delta_p_squared: float = 0.0

    def add(self, reference: LogProbs, candidate: LogProbs, following: Sequence[int]) -> None:
        """Adds a block: rows of log-probabilities, and the id that came after each row."""
        width = min(reference.shape[1], candidate.shape[1])
        step = max(1, SLICE_BYTES // (8 * width))
        for start in range(0, len(following), step):
            rows = slice(start, start + step)
            self._add(reference[rows, :width], candidate[rows, :width], following[rows])

    def _add(self, reference: LogProbs, candidate: LogProbs, following: Sequence[int]) -> None:
        p, q = _normalized(reference), _normalized(candidate)
        rows = np.arange(len(following))
        expected, found = p[rows, list(following)], q[rows, list(following)]
        self.reference_nll -= float(expected.sum())
        self.nll -= float(found.sum())
        change = np.exp(found) - np.exp(expected)
        self.delta_p += float(change.sum())
        self.delta_p_squared += float(np.square(change).sum())
        self.same_top1 += int((p.argmax(axis=1) == q.argmax(axis=1)).sum())
        self.kl += np.maximum(kl_divergence(p, q), 0.0).tolist()


def _normalized(rows: LogProbs) -> FloatArray:
    """Log-probabilities in float64 that sum to 1 over the ids that are there.

    Engines normalize in float32: the sum is off by some 1e-7, which would stand in every KL
    divergence, although rounding each log-probability alters a KL divergence by 1e-13 only.
    """
    wide: FloatArray = rows.astype(np.float64)
    wide -= np.log(np.exp(wide).sum(axis=1, keepdims=True))
    return wide


def rows_at_once(*vocabularies: int) -> int:
    """Rows of a block of log-probabilities, by the sizes of the models' vocabularies."""
    return max(1, min(MAX_ROWS, BLOCK_BYTES // (4 * max(vocabularies))))


def measure(
    reference: Engine | Answerer, candidate: Engine | Answerer, ids: Sequence[int], start: int
) -> Divergence:
    """KL(reference || candidate) and the likelihood of `ids[start:]` under both.

    Where one vocabulary is longer (padding), both distributions are those over the shorter one.

    Args:
        reference: the model that is taken as given.
        candidate: the model that is held against it.
        ids: the document.
        start: the first id that counts; at least 1, since nothing predicts the first.

    Raises:
        BadModelError: a divergence is no finite number.
        NotFiniteError: one of the two gives NaN.
    """
    total, row = Divergence(), 0
    rows = rows_at_once(reference.info.vocab_size, candidate.info.vocab_size)
    expected_blocks = told_by(reference.distributions(ids, rows), "The reference model")
    found_blocks = candidate.distributions(ids, rows)
    while row < len(ids):
        expected, found = next(expected_blocks), next(found_blocks)
        first, last = max(row, start - 1), min(row + len(expected), len(ids) - 1)
        if first < last:
            chosen = slice(first - row, last - row)
            total.add(expected[chosen], found[chosen], ids[first + 1 : last + 1])
        row += len(expected)
        del expected, found  # else four blocks are held while the next two are made
    for blocks in (expected_blocks, found_blocks):
        next(blocks, None)  # lets the engine end its pass
    if not np.isfinite([*total.kl, total.nll, total.reference_nll]).all():
        raise BadModelError(
            "The KL divergence from the reference is no finite number: one of the two models gives "
            "NaN, or rules a token out that the other finds possible.",
            "A model in float16 can overflow: try `dtype: bfloat16` or `float32`; a damaged file is "
            "made again when its artifact is deleted.",
        )
    return total


def first_scored(prompts: PromptSet) -> int:
    """The position from which the ids of every document count."""
    if prompts.mode == "text":
        return 1
    return max(1, common_prefix([prompt.ids for prompt in prompts.prompts]))


def scored_alike(prompts: PromptSet) -> Callable[[Prompt, Sample], bool]:
    """Whether as many of a document's tokens were scored as count among these: what all prompts begin
    with is left out, and other prompts may share more or less."""
    start = first_scored(prompts)

    def alike(prompt: Prompt, sample: Sample) -> bool:
        count = len(prompt.ids) + len(prompt.target_ids) - start
        return sample.data.get("tokens") == count

    return alike


def ask(task: DivergenceTask, asking: Asking) -> Iterator[Sample]:
    """Measures every open document, in order."""
    assert asking.reference is not None, "a divergence task was given no reference"
    start = first_scored(asking.prompts)
    for prompt in asking.open_prompts():
        ids = (*prompt.ids, *prompt.target_ids)
        try:
            found = measure(asking.reference, asking.answerer, ids, start)
        except NotFiniteError as error:
            raise error.told(f'prompt "{prompt.id}"') from None
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
                "delta_p": found.delta_p,
                "delta_p_squared": found.delta_p_squared,
                "bytes": len(asking.answerer.decode(ids[start:]).encode()),
            },
        )
