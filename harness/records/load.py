"""What stands behind the figures of a server under load: level by level, as facts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.records.base import Record, Value

LOAD = "load"
"""The key in a cell's details that holds a `LoadDetails`."""
Loop = Literal["closed", "open"]
Stopped = Literal["", "errors", "seconds"]
NotRun = Literal["errors", "budget"]


class Waits(Record):
    """Percentiles of a wait, in seconds, of the requests that were answered."""

    p50: Value
    p90: Value
    p99: Value


class LoadClient(Record):
    """What the client itself cost while a level ran."""

    cpu_share: float
    """Of one core."""
    lag_seconds: float
    """How late its event loop was, by the 99th percentile: so late may a moment be that it noted."""
    longest_lag_seconds: float
    late_seconds: float = 0.0
    """How long after they were due requests of an open loop were sent, by the 99th percentile."""


class LoadLevel(Record):
    """One load: so many users in a closed loop, or so many requests per second in an open one."""

    loop: Loop
    load: float
    not_run: NotRun | None = None
    """Why it was not: an earlier level had too many errors, or the budget of tokens was used up."""
    stopped: Stopped = ""
    """What ended it before all its requests were sent."""
    requests: int = 0
    """That were sent."""
    errors: dict[str, int] = Field(default_factory=dict)
    """What went wrong, by name, and how often."""
    seconds: float = 0.0
    """From the first request until the last was over."""
    requests_per_second: Value = Value(value=None)
    """Answered, while the load lasted: until the last request was sent."""
    tokens_per_second: Value = Value(value=None)
    """Written in that time."""
    in_flight: float | None = None
    """Requests under way on average in that time."""
    mean_latency_seconds: Value = Value(value=None)
    ttft: Waits | None = None
    """Until the first token; of an open loop from when the request was due, as `latency`."""
    tpot: Waits | None = None
    """For each further token, on average over an answer."""
    itl: Waits | None = None
    """Between one piece of an answer and the next."""
    latency: Waits | None = None
    """Until the whole answer."""
    ttft_from_send: Waits | None = None
    """Of an open loop: from when the request was sent."""
    latency_from_send: Waits | None = None
    corrected_latency: Waits | None = None
    """Of a closed loop: with the requests that its users would have sent, had they not had to wait."""
    goodput: float | None = None
    """Requests per second that kept all limits; None where there are none."""
    prompt_tokens: float | None = None
    """Median, as the server counts; None where it does not."""
    new_tokens: float | None = None
    """Median."""
    empty: int = 0
    """Answers without a token, which have no time to first token."""
    shorter: int = 0
    """Answers that ended before their full length."""
    client: LoadClient | None = None

    @property
    def failed(self) -> int:
        """Requests that came to nothing."""
        return sum(self.errors.values())


class Knee(Record):
    """Where throughput stops being worth its wait: the load of the highest power.

    Power is throughput over mean latency: Kleinrock, "Power and deterministic rules of thumb for
    probabilistic problems in computer communications", ICC 1979.
    """

    loop: Loop
    load: float
    alike: list[float] = Field(default_factory=list)
    """Loads whose power cannot be told from its, itself included."""
    edge: Literal["", "first", "last"] = ""
    """Whether it is the first or the last that was run, so that the true one may lie beyond."""


class LoadDetails(Record):
    """How a server stood its load."""

    host: str
    model: str
    api: str
    levels: list[LoadLevel]
    knees: list[Knee]
    counted: str = ""
    """Who counted what was written: `server`, or nobody, so that `pieces` as they came are meant."""
    streamed: bool = True
    """Whether answers came piece by piece; else the first token came with the last."""
    refused: list[str] = Field(default_factory=list)
    """Settings that the server does not take."""
    repeating: bool = False
    """Whether prompts end in a list that goes on and on, since answers were too short without it."""
    tokens: int = 0
    """Read and written in all, as far as they were counted."""
    failure: str = ""
    """What the first request that failed was told."""
