"""One model asked one task: its samples and its result."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from harness.records.base import Failure, Record, Value, is_finite


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
    prompt: str = ""
    """Hash of what was asked (`PromptSet.sha256_of`), so that results of different limits can be paired;
    "" where it was not kept."""
    scores: dict[str, float] = Field(default_factory=dict)
    data: dict[str, Any] = Field(default_factory=dict)

    @field_validator("data")
    @classmethod
    def _holds_numbers(cls, data: dict[str, Any]) -> dict[str, Any]:
        # An earlier version wrote NaN as null, and took the first label for the answer.
        if not is_finite(data) or None in data.get("logprobs", {}).values():
            raise ValueError("it holds NaN or infinity")
        return data


OWN_METRICS = "own_metrics"
"""The key in a cell's details that holds, for each metric of the suite's own, `code` (a hash), and perhaps
`together`, `limit` (why it says little of texts in this language) and `of_right_answers` (what it gives to
right answers that are not in English)."""


ADAPTER = "adapter"
"""The key in a cell's engine that holds what the files of its unmerged adapter say (`AdapterFacts`)."""


class Cell(Record):
    """One model asked one task: `result.json`."""

    key: str
    answers: str = ""
    """The key that its samples carry where it is another: answers outlive a change of metrics."""
    alike: str = ""
    """What answered, and how it was asked, whatever the limit: two cells of the same can lend each other
    their answers to the same prompts. "" where an older version asked."""
    model: str
    task: str
    status: Literal["ok", "failed"]
    n: int = 0
    seconds: float = 0.0
    answered: int | None = None
    """Examples that were answered in these seconds, where an interruption parted them; None for all."""
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
    machine: dict[str, Any] = Field(default_factory=dict)
    """Of what is timed, the machine that it was timed on, as `Summary.machine`; nothing where an older version
    timed, which knew only one."""

    @property
    def samples_key(self) -> str:
        """The key of its lines in `samples.jsonl`."""
        return self.answers or self.key
