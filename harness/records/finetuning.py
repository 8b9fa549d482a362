"""What a fine-tuning did, how it went, and what it cost."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from harness.records.base import Record


class TrainingPoint(Record):
    """One optimizer step of a fine-tuning."""

    step: int
    epoch: float
    loss: float
    """Mean over the step's answer tokens, before the step, in nats."""
    learning_rate: float
    tokens: int
    """Tokens seen so far, prompts included."""
    seconds: float
    """Of training so far, without validations and checkpoints."""
    gradient_norm: float | None = None
    """L2 norm of the gradient before it was scaled down; None where an older version trained."""


class ValidationPoint(Record):
    """The examples that were held out, asked after so many steps."""

    step: int
    epoch: float
    tokens: int
    """Tokens that training had seen, prompts included."""
    loss: float
    """Mean over all their answer tokens, in nats."""
    parts: dict[str, float] = Field(default_factory=dict)
    """The same of the examples of each task and file, where there are several."""


class Validation(Record):
    """How a fine-tuning went on examples that it did not learn."""

    examples: int
    answer_tokens: int
    points: list[ValidationPoint]
    kept: int
    """The step whose weights came out: that of the lowest loss."""
    stopped: bool = False
    """Whether training ended early, since the loss no longer fell."""
    seconds: float = 0.0
    rise: float | None = None
    """Last loss less the lowest, in nats per answer token; None where the lowest is the last."""
    rise_error: float | None = None
    """Standard error of the rise over the held-out examples."""


class Learned(Record):
    """What a fine-tuning learned from one place."""

    name: str
    """The name of the data set, or of the file of instructions."""
    kind: Literal["task", "instructions"]
    rows: int
    """How many rows its train split has, or the file."""
    left_out: dict[str, int]
    """Rows that were left out, by reason; those that the limit did not draw are not counted."""
    learned: int


class Trial(Record):
    """One of the settings that a search tried."""

    settings: dict[str, Any]
    loss: float
    """Lowest validation loss, in nats per answer token."""
    steps: int
    seconds: float
    chosen: bool = False


class Training(Record):
    """What a fine-tuning did and cost."""

    method: str
    steps: int
    examples: int
    """That were learned; those that were held out are not counted."""
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
    learned: list[Learned] = Field(default_factory=list)
    interrupted: list[TrainingPoint] = Field(default_factory=list)
    """The last step of each attempt before this one whose process died."""
    resumed: list[int] = Field(default_factory=list)
    """Of each of `interrupted`, the step that the next attempt went on from; 0 where it began anew."""
    validation: Validation | None = None
    """None where nothing was held out."""
    memory: dict[str, int] = Field(default_factory=dict)
    """Most memory (bytes) while it loaded, trained and saved; `device …` is a GPU's own."""
    energy_joules: float | None = None
    """Used by processor or GPU while it trained, all that ran beside it included; None where the
    machine does not tell."""
    trials: list[Trial] = Field(default_factory=list)
    """What a search tried, in order."""
    notes: list[str] = Field(default_factory=list)
    """What was done otherwise than the recipe says, and why."""

    @property
    def is_mixed(self) -> bool:
        """Whether batches of several data sets alternate, whose losses are of different heights."""
        return len(self.learned) > 1

    @property
    def beginning_loss(self) -> float:
        """The mean of the first tenth of the steps; of mixed data of the first quarter of the curve, since
        a tenth may by chance hold more of one data set than the last."""
        return _quarter(self.curve) if self.is_mixed and self.curve else self.first_loss

    @property
    def end_loss(self) -> float:
        """The mean of the last tenth of the steps; of mixed data of the last quarter of the curve."""
        return _quarter(self.curve[::-1]) if self.is_mixed and self.curve else self.final_loss


def _quarter(points: list[TrainingPoint]) -> float:
    taken = points[: max(1, round(len(points) / 4))]
    return sum(point.loss for point in taken) / len(taken)
