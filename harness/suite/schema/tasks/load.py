"""Load: how fast does a server answer many at once?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from harness.capabilities import Capability
from harness.suite.schema.entry import Entry, Name, UnitInterval
from harness.suite.schema.tasks.counts import Counts, Rates
from harness.suite.schema.tasks.entry import TaskEntry
from harness.suite.schema.tasks.task_type import TaskType

Loop = Literal["closed", "open"]
USUAL = (1, 2, 4, 8)
LEAST_A_USER = 2
"""Requests of each user of a closed loop at least, so that there is a time in which all are busy."""


@dataclass(frozen=True)
class Level:
    """One load that a server is put under: so many users, or so many requests per second."""

    loop: Loop
    load: float


class Within(Entry):
    """What a request must keep to count as good, in seconds."""

    ttft: float | None = Field(None, gt=0, description="Until the first token.")
    tpot: float | None = Field(
        None, gt=0, description="For each further token, on average over the answer."
    )
    latency: float | None = Field(None, gt=0, description="Until the whole answer.")

    @model_validator(mode="after")
    def _a_limit(self) -> Within:
        if self.ttft is None and self.tpot is None and self.latency is None:
            raise ValueError("`within` takes `ttft`, `tpot` or `latency`, in seconds")
        return self


class LoadTask(TaskEntry):
    """How fast does a server answer under load?

    The first level, of `concurrency` before `rates`, makes the figures that stand in tables,
    comparisons and gates.
    """

    type: Literal["load"]
    concurrency: Counts | None = Field(
        None,
        description="Closed loop: so many users, of whom each asks again as soon as it is answered. "
        "Default: 1, 2, 4 and 8, where there are no `rates`.",
    )
    rates: Rates | None = Field(
        None,
        description="Open loop: so many requests per second, sent at random times (a Poisson process), "
        "whether earlier ones are answered or not.",
    )
    requests: int = Field(100, ge=LEAST_A_USER, le=100_000, description="Of each level, at most.")
    seconds: float = Field(
        60.0, gt=0, le=3600, description="Of each level, after which nothing more is sent."
    )
    prompt_tokens: int = Field(
        64, ge=8, description="Tokens of a prompt, as the server counts them."
    )
    new_tokens: int = Field(
        32,
        ge=2,
        description="Tokens of an answer: at most, and no fewer where the server allows it.",
    )
    warm_up: int = Field(2, ge=1, description="Requests before the first level, not measured.")
    max_errors: UnitInterval = Field(
        0.1,
        description="Share of the requests of a level that may fail; beyond it the level ends, and "
        "those above it are not run.",
    )
    token_budget: int | None = Field(
        None, ge=1, description="Tokens, read and written, beyond which nothing more is sent."
    )
    within: Within | None = Field(
        None, description="Limits of a good request: goodput counts those that keep all of them."
    )
    in_process: Name | None = Field(
        None,
        description="The model of this suite that is the same one, run in this process: the report "
        "holds the server against its `speed`.",
    )
    seed: int | None = Field(
        None, ge=0, description="Of arrivals and prompts; default: the suite's."
    )

    @model_validator(mode="after")
    def _enough_for_each_user(self) -> LoadTask:
        most = max(self.concurrency or ([] if self.rates else USUAL), default=0)
        if self.requests < LEAST_A_USER * most:
            raise ValueError(
                f"`requests` is {self.requests} a level, and {most} users need at least "
                f"{LEAST_A_USER * most}: {LEAST_A_USER} each"
            )
        return self

    @property
    def needs(self) -> frozenset[Capability]:
        """Requests side by side, each timed."""
        return frozenset({"load"})

    @property
    def shares(self) -> list[int]:
        """One round: levels follow each other on one server."""
        return [1]

    @property
    def twin(self) -> Name | None:
        return self.in_process

    @property
    def levels(self) -> tuple[Level, ...]:
        """Every load, in the order in which they are run; the first is the headline."""
        users = self.concurrency or ([] if self.rates else USUAL)
        return (
            *(Level("closed", float(count)) for count in users),
            *(Level("open", rate) for rate in self.rates or ()),
        )

    def described(self, data: str) -> str:
        """What is sent."""
        users = [f"{level.load:g}" for level in self.levels if level.loop == "closed"]
        rates = [f"{level.load:g}" for level in self.levels if level.loop == "open"]
        parts = [f"by {', '.join(users)} users at once"] if users else []
        parts += [f"at {', '.join(rates)} requests per second"] if rates else []
        return (
            f"a server asked {' and '.join(parts)}, at most {self.requests} requests of "
            f"{self.prompt_tokens} tokens a level, {self.new_tokens} tokens to be written"
        )


LOAD = TaskType(
    name="load",
    spec=LoadTask,
    metrics=(
        "peak_output_tokens_per_second",
        "peak_requests_per_second",
        "served_ttft_seconds",
        "served_ttft_p90_seconds",
        "served_ttft_p99_seconds",
        "served_tpot_seconds",
        "served_tpot_p90_seconds",
        "served_tpot_p99_seconds",
        "served_itl_seconds",
        "served_itl_p90_seconds",
        "served_itl_p99_seconds",
        "latency_seconds",
        "latency_p90_seconds",
        "latency_p99_seconds",
        "failed_requests",
        "knee_concurrency",
        "knee_rate",
        "goodput_requests_per_second",
    ),
    main_metrics=("peak_output_tokens_per_second", "served_ttft_seconds", "served_tpot_seconds"),
    noun="requests",
    asked=False,
    drawn=False,
    times="requests",
)
