"""Results of different limits: the examples that two cells share, and whether they were the same."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.records import Sample

MOST_REPEATED = 1.1
"""How many times as large as shown a variance may be before a figure is said to be approximate."""


@dataclass(frozen=True)
class SharedExamples:
    """Two cells cut down to the examples that both answered."""

    baseline: Sequence[Sample]
    candidate: Sequence[Sample]
    note: str
    """How many of how many; "" where both answered the same ones."""


def sorted_by_id(samples: Sequence[Sample]) -> list[Sample]:
    """Samples in an order that does not depend on when they were answered."""
    return sorted(samples, key=lambda sample: (sample.id, sample.index))


def shared_examples(baseline: Sequence[Sample], candidate: Sequence[Sample]) -> SharedExamples:
    """The samples of either cell whose example the other answered too."""
    before, after = ({sample.id for sample in samples} for samples in (baseline, candidate))
    common, either = before & after, before | after
    note = f"{len(common):,} of {len(either):,} examples in common"
    if len(either) > max(len(before), len(after)):
        note += f" ({len(before):,} were asked before, {len(after):,} after)"
    return SharedExamples(
        [sample for sample in baseline if sample.id in common],
        [sample for sample in candidate if sample.id in common],
        "" if common == either else f"{note}.",
    )


def prompts_hash(samples: Sequence[Sample]) -> str:
    """A hash of what these examples were asked with; "" where a sample does not say.

    Of a divergence also of how many tokens counted: what all prompts begin with does not, and that
    can be longer where there are fewer prompts.
    """
    if not all(sample.prompt for sample in samples):
        return ""
    asked = sorted((sample.id, sample.prompt, _scored_tokens(sample)) for sample in samples)
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()


def repeated(samples: Sequence[Sample]) -> bool:
    """Whether so many prompts are the same as others that intervals are more than 5% too narrow.

    A model answers the same prompt alike, so that n examples are worth n^2 / sum of squares of how often
    each prompt was asked: Kish's effective number.
    """
    asked = Counter(sample.prompt for sample in samples if sample.prompt)
    return sum(times**2 for times in asked.values()) > MOST_REPEATED * sum(asked.values())


def _scored_tokens(sample: Sample) -> int:
    return len(sample.data["kl"]) if "kl" in sample.data else 0
