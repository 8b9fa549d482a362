"""Perplexity: how surprising a model finds the tokens of a text that it reads."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from harness.engines.answerer import Answerer
from harness.engines.finite import told_by
from harness.errors import BadModelError
from harness.records import Sample
from harness.suite.schema import PerplexityTask
from harness.tasks.asking import Asking
from harness.tasks.divergence import rows_at_once


def log_likelihood(answerer: Answerer, ids: tuple[int, ...]) -> float:
    """The log-probability (nats) of all ids behind the first, each given what stands before it.

    Raises:
        BadModelError: it is no finite number.
        NotFiniteError: the model gives NaN.
    """
    total, row = 0.0, 0
    rows = rows_at_once(answerer.info.vocab_size)
    for block in told_by(answerer.distributions(ids, rows), "The model"):
        following = ids[row + 1 : row + 1 + len(block)]
        found = block[np.arange(len(following)), list(following)]
        total += float(found.sum(dtype=np.float64))
        row += len(block)
    if not math.isfinite(total):
        raise BadModelError(
            "The log-probability of a text is no finite number: the model rules out a token that stands in it.",
            "A model in float16 can overflow: try `dtype: bfloat16` or `float32`.",
        )
    return total


def ask(task: PerplexityTask, asking: Asking) -> Iterator[Sample]:
    """Reads every open document, in order."""
    for prompt in asking.open_prompts():
        nll = -log_likelihood(asking.answerer, prompt.ids)
        yield Sample(
            key=asking.key,
            index=prompt.index,
            id=prompt.id,
            target=None,
            answer=None,
            scores={},
            data={
                "tokens": len(prompt.ids) - 1,
                "nll": nll,
                "bytes": len(asking.answerer.decode(prompt.ids[1:]).encode()),
            },
        )
