"""How a model came about, and whether it is what it should be."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.records.base import Failure, Record
from harness.records.finetuning import Training
from harness.records.lineage import AdapterFacts, LineageStep


class Check(Record):
    """Something that makes figures wrong without a word, looked for and found or not."""

    name: Literal["bos", "prompts", "chat-template", "tokens", "conversion", "merge", "labels"]
    model: str
    task: str = ""
    status: Literal["passed", "failed", "allowed", "skipped"]
    """`allowed`: it failed, and the suite says to go on."""
    message: str
    hint: str = ""
    figures: dict[str, float] = Field(default_factory=dict)


class ParityLimits(Record):
    """How far two models may be apart that should be one."""

    max_logprob_difference: float
    mean_kl: float
    top1_agreement: float
    """The least share of positions at which both must find the same token most likely."""


class Parity(Record):
    """Two models that should be one: a GGUF and its weights, a merged model and its parts.

    On the suite's own prompts. Of no `tokens` where one of the two gives NaN: then there are no figures.
    """

    against: str
    prompts: int
    tokens: int
    same_tokens: float
    """Share of prompts that both tokenizers turn into the same ids."""
    max_logprob_difference: float
    """Largest difference of a log-probability (nats) over all positions and all pieces that
    either model gives at least 1e-4."""
    mean_logprob_difference: float = 0.0
    """The mean of these differences."""
    mean_kl: float
    top1_agreement: float
    limits: ParityLimits | None = None
    """What was allowed; None where an older version looked."""
    passed: bool
    reason: str


class Permission(Record):
    """What a suite allows of the files of one of its models."""

    model: str
    """The entry that allows it, whose files this concerns."""
    allows: Literal["code", "pickle"]
    """code: Python files that come with it may run. pickle: its weights may be read from one."""


class ModelSummary(Record):
    """A model of the suite, as it was made and found."""

    lineage: list[LineageStep]
    """The steps from the source to this model."""
    engine: str
    parameters: int | None = None
    bytes: int | None = None
    bits_per_weight: float | None = None
    parity: Parity | None = None
    """How near the F16 GGUF is to the weights it was converted from."""
    merge_parity: Parity | None = None
    """How near the merged weights are to base and adapter unmerged."""
    training: Training | None = None
    adapter: AdapterFacts | None = None
    """What the files of an adapter say that was trained elsewhere and is on the way to this model."""
    synthetic: bool = False
    """Whether the model descends from the embedded starter, or from random weights."""
    permissions: list[Permission] = Field(default_factory=list)
    """What the suite allows of the files that it descends from."""
    replica_of: str = ""
    """The model whose fine-tuning this one repeats with another seed."""
    key: str = ""
    error: Failure | None = None
