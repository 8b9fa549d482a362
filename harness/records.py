"""What stands in `results/`: the shapes that the worker writes and everyone else reads.

Reports, gates and comparisons are functions of these records and of nothing else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

SUMMARY_SCHEMA = "harness-summary/1"


class Record(BaseModel):
    """A frozen record that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Value(Record):
    """A figure and its interval (`Summary.confidence`, two-sided). None where there is none.

    `n` counts what the figure was made of where that is something else than the cell's examples:
    the waits for a token that a percentile is taken of.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int | None = None


class Failure(Record):
    """Why a cell or a step failed: for the person who can mend it."""

    kind: str
    message: str
    hint: str = ""


class Sample(Record):
    """One example of one cell: a line of `samples.jsonl`.

    `scores` holds the numbers that metrics are made of; `data` holds what only this task's
    metrics or the report need. `key` is the cell's, so that lines of an older cell are told apart.
    """

    key: str
    index: int
    id: str
    target: str | None = None
    answer: str | None = None
    scores: dict[str, float] = Field(default_factory=dict)
    data: dict[str, Any] = Field(default_factory=dict)


class Cell(Record):
    """One model asked one task: `result.json`."""

    key: str
    model: str
    task: str
    status: Literal["ok", "failed"]
    n: int = 0
    seconds: float = 0.0
    tokens: int = 0
    """Tokens that went through the model in these seconds; a shared beginning counts once."""
    load_seconds: float = 0.0
    metrics: dict[str, Value] = Field(default_factory=dict)
    engine: dict[str, Any] = Field(default_factory=dict)
    footprint: dict[str, int] = Field(default_factory=dict)
    prompts: str = ""
    """SHA-256 of the prompt ids that were asked."""
    details: dict[str, Any] = Field(default_factory=dict)
    """What a task adds: the confusion matrix, a `SpeedDetails`."""
    error: Failure | None = None


class SpeedRound(Record):
    """One process that timed a model: `round-1.json`, written when all its samples were."""

    key: str
    """The cell's."""
    number: int
    samples: int
    started: datetime
    seconds: float
    """Of timing, warm-ups included, loading not."""
    load_seconds: float
    engine: dict[str, Any]
    settings: dict[str, Any]
    """What the engine was set to for timing."""
    footprint: dict[str, int]
    memory_bytes_per_second: float
    cache_bytes: int
    """Of the last-level cache; 0 where it is not known."""
    encoded_tokens: int
    encode_seconds: float
    cores: int
    others_cores: float
    """Of them, how many were busy on average with something else while this was timed."""


class SpeedFigures(Record):
    """One shape that was timed, over all rounds."""

    phase: Literal["prefill", "decode"]
    tokens: int
    batch_size: int
    depth: int
    headline: bool
    tokens_per_second: Value
    """Of all sequences together."""
    spread: float | None
    """Standard deviation of the repetitions, relative to their mean."""
    repetitions: list[list[float]]
    """Tokens per second, round by round."""
    p50_seconds: Value
    """Of the wait for the first token (prefill) or between tokens (decode), sampling included."""
    p90_seconds: Value
    p99_seconds: Value
    step_bytes: int | None = None
    """What a decode step has to read: weights, keys and values."""
    limit_tokens_per_second: float | None = None
    """What memory allows, if everything is read from it."""
    share: float | None = None
    """Of that limit, what was reached; None where the last-level cache holds it all, or so much of
    it that the limit does not hold."""


class SpeedWarning(Record):
    """Something that makes a timing less sure, and what to do about it."""

    kind: Literal["spread", "busy", "short"]
    message: str
    """Where, and how much: "decode of 128 tokens by 7.1%"."""
    remedy: str


class SpeedDetails(Record):
    """What stands behind the metrics of a timed cell."""

    shapes: list[SpeedFigures]
    settings: dict[str, Any]
    started: list[datetime]
    """Of each round."""
    load_seconds: list[float]
    memory_bytes_per_second: float
    cache_bytes: int
    warnings: list[SpeedWarning]


class ChangedAnswer(Record):
    """An example that two models answered differently, one right and one wrong."""

    id: str
    prompt: str
    target: str
    baseline_answer: str
    candidate_answer: str
    baseline_score: float
    candidate_score: float


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
    reason: str | None = None
    """Why there is no difference to show; None where there is one."""
    changed_for_better: list[ChangedAnswer] = Field(default_factory=list)
    changed_for_worse: list[ChangedAnswer] = Field(default_factory=list)


class GateVerdict(Record):
    """A gate of the suite, for one candidate."""

    compare: str
    task: str
    metric: str
    baseline: str
    candidate: str
    rule: str
    """The rule as a reader would say it, such as "must not drop by more than 0.03"."""
    passed: bool
    reason: str


class TrainingPoint(Record):
    """One optimizer step of a fine-tuning."""

    step: int
    epoch: float
    loss: float
    learning_rate: float
    tokens: int
    """Tokens seen so far, prompts included."""
    seconds: float


class Training(Record):
    """What a fine-tuning did and cost."""

    method: str
    steps: int
    examples: int
    epochs: float
    tokens: int
    answer_tokens: int
    """Tokens that the loss was computed on."""
    seconds: float
    first_loss: float
    final_loss: float
    trainable_parameters: int
    total_parameters: int
    peak_resident_bytes: int
    hyperparameters: dict[str, Any]
    curve: list[TrainingPoint]


class Parity(Record):
    """A GGUF against the weights it was converted from, on the suite's own prompts."""

    against: str
    prompts: int
    tokens: int
    same_tokens: float
    """Share of prompts that both tokenizers turn into the same ids."""
    max_logprob_difference: float
    """Largest difference of a log-probability (nats) over all positions and all pieces that
    either model gives at least 1e-4."""
    mean_kl: float
    top1_agreement: float
    passed: bool
    reason: str


class ModelSummary(Record):
    """A model of the suite, as it was made and found."""

    description: str
    lineage: list[str]
    """Names of the steps from the source to this model, such as
    ["starter", "LoRA rank 16", "merged", "F16 GGUF", "Q4_K_M"]."""
    engine: str
    parameters: int | None = None
    bytes: int | None = None
    bits_per_weight: float | None = None
    parity: Parity | None = None
    training: Training | None = None
    synthetic: bool = False
    """Whether it descends from the embedded starter model."""
    key: str = ""
    error: Failure | None = None


class TaskSummary(Record):
    """A task of the suite, and what a reader needs to judge its figures."""

    type: Literal["classify", "summarize", "divergence", "speed"]
    description: str
    dataset: str | None = None
    n: int | None = None
    available: int | None = None
    seed: int | None = None
    shots: int = 0
    reference: str | None = None
    prompts: dict[str, str] = Field(default_factory=dict)
    """Prompt hash by lineage (the root model's name)."""
    floors: dict[str, dict[str, Value]] = Field(default_factory=dict)
    """What needs no language model: {"majority": {"accuracy": …}, "tfidf": …, "lead": …}."""
    example_prompt: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)
    synthetic: bool = False
    labels: list[str] = Field(default_factory=list)


class Summary(Record):
    """`summary.json`: all that a report or a gate needs."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: str = Field(default=SUMMARY_SCHEMA, alias="schema")
    suite: dict[str, Any]
    """name, file, sha256, text, key (the plan's), defaults."""
    created: str
    confidence: float = 0.95
    seconds: float = 0.0
    machine: dict[str, Any]
    software: dict[str, str]
    models: dict[str, ModelSummary]
    tasks: dict[str, TaskSummary]
    cells: list[Cell]
    comparisons: list[Comparison]
    gates: list[GateVerdict]
    commands: list[str] = Field(default_factory=list)
