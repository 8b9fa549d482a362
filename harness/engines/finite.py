"""Numbers that are none: a model whose weights or activations are NaN or infinite answers nothing.

Of NaN scores the first is the largest, so that every such answer would look like one. What a model may
do is rule tokens out (minus infinity, as for the padding of a vocabulary), as long as none of them is
scored.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from harness.engines.protocol import LogProbs
from harness.errors import NotFiniteError

REMEDIES = {
    "float16": "Try `dtype: bfloat16` or `dtype: float32`, which reach further.",
    "bfloat16": "Try `dtype: float32`.",
    "float32": "The weights are too large to compute with: look at how they were trained or scaled.",
    "nf4": "Try `dtype: float32`, or leave `quantize` out.",
    "int8": "Try `dtype: float32`, or leave `quantize` out.",
}
"""By what is computed in, where no weight is wrong by itself."""
OF_A_FILE = (
    "llama.cpp computes in float16 here: ask the weights that the file was made from, with "
    "`dtype: bfloat16` or `dtype: float32`."
)
DAMAGED = (
    "The file is damaged, or the training that made it diverged: fetch it again, or train with a "
    "lower learning rate."
)


@dataclass(frozen=True)
class FaultyWeight:
    """A weight, as it was loaded, that is no finite number."""

    name: str
    is_nan: bool

    @property
    def words(self) -> str:
        """Whose it is and what."""
        return f"weights hold {'NaN' if self.is_nan else 'infinity'} ({self.name})"


def not_finite(
    value: float, where: str, faulty: FaultyWeight | None, dtype: str, prompt: int | None = None
) -> NotFiniteError:
    """The error for a number that is none, with the reason as far as the weights show it.

    Args:
        value: what was found.
        where: what it was found for.
        faulty: the first weight that is no finite number either.
        dtype: what the model computes in, or the type of its file.
        prompt: its number.
    """
    found = "NaN" if math.isnan(value) else "infinity"
    remedy = REMEDIES.get(dtype, OF_A_FILE)
    if faulty is None:
        why = f"all its weights are finite, so that something overflows in {dtype}."
        return NotFiniteError(found, where, why, remedy, prompt)
    overflows = not faulty.is_nan and dtype == "float16"
    hint = remedy if overflows else DAMAGED
    return NotFiniteError(found, where, f"its {faulty.words}.", hint, prompt)


def check_timed(
    logits: Iterable[float], faulty: Callable[[], FaultyWeight | None], dtype: str
) -> None:
    """Raises NotFiniteError if one of the highest logits of timed passes is no finite number."""
    wrong = [value for value in logits if not math.isfinite(value)]
    if wrong:
        raise not_finite(wrong[0], "the random tokens that are timed", faulty(), dtype)


def told_by(blocks: Iterator[LogProbs], who: str) -> Iterator[LogProbs]:
    """The same blocks of log-probabilities; an error names the model by `who`."""
    try:
        yield from blocks
    except NotFiniteError as error:
        raise error.told(who=who) from None


def first_row_without_numbers(rows: LogProbs) -> int | None:
    """Which row of log-probabilities (rows, vocabulary) holds NaN; None where none does.

    A single NaN or plus infinity among the logits makes all log-probabilities of its row NaN, and so
    does a row that rules everything out.
    """
    wrong = np.flatnonzero(np.isnan(rows[:, 0]))
    return int(wrong[0]) if len(wrong) else None
