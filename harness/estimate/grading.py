"""Memory of what a worker loads beside its engine: to grade answers, and to read them.

Measured in fresh processes (Python 3.11, scikit-learn 1.7, scipy 1.16, torch 2.13); a Transformers
process has some of it already, and what was loaded stays until the process ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from harness.estimate.need import MIB

Engine = Literal["hf", "llamacpp"]

_STATISTICS = {"hf": 108 * MIB, "llamacpp": 152 * MIB}
"""Bootstrap, intervals, agreement: scipy and scikit-learn."""
_ROUGE = 25 * MIB
_TOKENIZER = {"hf": 12 * MIB, "llamacpp": 280 * MIB}
"""Of what was written: Transformers' tokenizers, and torch with them."""
_DIVERGENCE = 25 * MIB


def grading_bytes(engine: Engine, kinds: Iterable[tuple[str, bool]]) -> int:
    """What a process has loaded after tasks of these kinds.

    Args:
        engine: that asks.
        kinds: of each task its type, and whether something is written in it.
    """
    asked = list(kinds)
    graded = any(kind != "divergence" for kind, _ in asked)
    written = any(writes for _, writes in asked)
    total = _STATISTICS[engine] if graded else _DIVERGENCE if asked else 0
    total += _TOKENIZER[engine] if written else 0
    return total + (_ROUGE if any(kind == "summarize" for kind, _ in asked) else 0)
