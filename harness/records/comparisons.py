"""Two models on the same examples, and the limits that a suite sets."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.records.base import Approximate, Record


class ChangedAnswer(Record):
    """An example that two models answered differently, one right and one wrong."""

    id: str
    prompt: str
    target: str
    baseline_answer: str
    candidate_answer: str
    baseline_score: float
    candidate_score: float


class SeedVariance(Record):
    """The same fine-tuning with several seeds: a source of variance beside that of the examples.

    The interval is Student's t over the seeds' differences: where another seed might have led.
    """

    values: dict[str, float]
    """The candidate's value by seed."""
    deviation: float
    """Standard deviation of the values."""
    delta: float
    """Mean difference from the baseline."""
    low: float | None = None
    high: float | None = None


class Comparison(Record):
    """A paired difference, candidate minus baseline, on the same examples."""

    name: str
    task: str
    metric: str
    baseline: str
    candidate: str
    baseline_value: float | None = None
    candidate_value: float | None = None
    delta: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    better: int | None = None
    """Examples on which the candidate did better (where the metric is a mean of scores)."""
    worse: int | None = None
    n: int = 0
    detectable: float | None = None
    """The smallest true difference that this many examples would have shown in 80% of cases: by the test
    that is used, p adjusted, and as many answers changing beside it as the upper 95% limit allows."""
    too_few: bool = False
    """Whether so few examples could not have shown any difference, however large."""
    approximate: Approximate | None = None
    """Why the interval may hold the truth less often than it says."""
    ratio: float | None = None
    """How many times as fast the candidate is as the baseline; None where nothing was timed."""
    ratio_low: float | None = None
    ratio_high: float | None = None
    right_to_wrong: list[str] = Field(default_factory=list)
    """Ids of the examples that the baseline alone got right (where an answer is right or wrong)."""
    wrong_to_right: list[str] = Field(default_factory=list)
    parted: dict[str, int | None] = Field(default_factory=dict)
    """For texts that were written freely, by prompt: the tokens that both models wrote alike before
    they parted, None where the texts are the same to the end."""
    seeds: SeedVariance | None = None
    note: str = ""
    """What a reader has to know to read this difference rightly."""
    reason: str | None = None
    """Why there is no difference to show; None where there is one."""
    other_prompts: bool = False
    """Whether the reason is that the two models were asked otherwise: by other prompts, or so that their
    choices were told in another way."""
    changed_for_better: list[ChangedAnswer] = Field(default_factory=list)
    changed_for_worse: list[ChangedAnswer] = Field(default_factory=list)


class GateVerdict(Record):
    """A gate of the suite, for one candidate."""

    compare: str
    task: str
    metric: str
    baseline: str
    """What the candidate is held against: a model, a model of a saved baseline, or "" for a bare limit."""
    candidate: str
    rule: str
    """The rule as a reader would say it, such as "must not drop by more than 0.03"."""
    outcome: Literal["met", "not met", "undecided"]
    passed: bool
    """Whether the gate lets the suite pass: it is met, or undecided where the suite lets that pass."""
    reason: str
    confidence: float = 0.95
    value: float | None = None
    """What is held against the limit: a difference, a ratio or a value."""
    low: float | None = None
    """The value's one-sided lower and upper bounds are `low` and `high`, each at `confidence`."""
    high: float | None = None
    limit: float | None = None
    n: int = 0
    needed: int | None = None
    """How many examples (or rounds) would decide it, where it is undecided."""
