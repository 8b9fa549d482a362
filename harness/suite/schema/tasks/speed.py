"""Speed: how fast are prompts read and answers written?"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from harness.capabilities import Capability
from harness.suite.schema.tasks.counts import Counts, Depths
from harness.suite.schema.tasks.entry import TaskEntry
from harness.suite.schema.tasks.task_type import TaskType


class SpeedTask(TaskEntry):
    """How fast are prompt processing (prefill) and generation (decode)?

    The first of each list makes the figures that stand in tables and comparisons.
    """

    type: Literal["speed"]
    prompt_tokens: Counts = Field([512], description="Tokens that a prefill reads at once.")
    new_tokens: int = Field(128, ge=2, description="Tokens that a decode writes one by one.")
    batch_sizes: Counts = Field([1], description="Sequences that are decoded side by side.")
    depths: Depths = Field(
        [0], description="Tokens that the cache holds before a prefill or a decode begins."
    )
    repetitions: int = Field(
        6,
        ge=2,
        le=10_000,
        description="Measured runs of each shape over all rounds, not counting warm-ups.",
    )
    rounds: int | None = Field(
        None,
        ge=1,
        le=1000,
        description="Processes that share the repetitions, each loading and warming up anew; "
        "models take turns, round by round. Default: 3, or `repetitions` where that is fewer.",
    )
    seed: int | None = Field(None, ge=0, description="Seed of the random prompt ids.")

    @model_validator(mode="after")
    def _a_repetition_each(self) -> SpeedTask:
        if self.rounds is not None and self.rounds > self.repetitions:
            raise ValueError("`rounds` cannot be more than `repetitions`")
        return self

    @property
    def needs(self) -> frozenset[Capability]:
        """Forward passes in this process; nothing is asked."""
        return frozenset({"timing"})

    @property
    def shares(self) -> list[int]:
        """Repetitions of each round: as equal as they can be, the first ones the larger."""
        rounds = self.rounds or min(3, self.repetitions)
        return [len(range(place, self.repetitions, rounds)) for place in range(rounds)]

    def described(self, data: str) -> str:
        """What is timed, the headline first."""
        prompt, new = self.prompt_tokens[0], self.new_tokens
        behind = f" behind {self.depths[0]}" if self.depths[0] else ""
        side = f" in {self.batch_sizes[0]} sequences" if self.batch_sizes[0] > 1 else ""
        rounds = len(self.shares)
        turns = f" in {rounds} rounds, the models taking turns" if rounds > 1 else ""
        return (
            f"reading {prompt} tokens and writing {new}{side}{behind}; {self.repetitions} "
            f"repetitions of each{turns}"
        )


SPEED = TaskType(
    name="speed",
    spec=SpeedTask,
    metrics=(
        "decode_tokens_per_second",
        "prefill_tokens_per_second",
        "ttft_seconds",
        "ttft_p90_seconds",
        "ttft_p99_seconds",
        "itl_seconds",
        "itl_p90_seconds",
        "itl_p99_seconds",
        "roofline_share",
        "sampling_seconds",
        "tokenizer_tokens_per_second",
        "load_seconds",
        "peak_bytes",
    ),
    main_metrics=("decode_tokens_per_second", "prefill_tokens_per_second", "ttft_seconds"),
    noun="repetitions",
    asked=False,
    drawn=False,
    times="passes",
)
