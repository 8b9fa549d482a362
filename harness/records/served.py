"""What a cell says of a server that answered it: facts, which a report puts into words."""

from __future__ import annotations

from pydantic import Field

from harness.records.base import Record

SERVED = "served"
"""The key in a cell's details that holds a `ServedDetails`."""


class ServedDetails(Record):
    """How a served model was asked, and what the probe found before that."""

    host: str
    model: str
    api: str
    """`chat`: the server's own template. `completions`: texts that are continued."""
    concurrency: int = 1
    choosing: bool = False
    """Whether labels or choices were to be scored."""
    scored: int = 0
    """Answers that were told by log-probabilities."""
    written: int = 0
    """Answers that were written, and read where they name a label."""
    unscored: str = ""
    """Why log-probabilities of given answers were not used (`harness.engines.endpoint.probe`)."""
    repeats: bool | None = None
    """Whether the same question was answered alike twice; None where that was not seen."""
    greedy: bool | None = None
    """Whether what was written is what the server finds likeliest; None where it does not say."""
    counts_prompts: bool = False
    """Whether the server says how many tokens it read, so that a cut prompt would show."""
    wrapped: bool | None = None
    """Whether a text to be continued is put through a template."""
    listed: bool = True
    """Whether the server's list of models names the one that was asked."""
    refused: list[str] = Field(default_factory=list)
    """Settings that it does not take, `temperature` perhaps among them."""
    retries: int = 0
    """Requests that were sent again."""
    prompt_tokens: int | None = None
    """Read in all; None where the server does not count."""
    new_tokens: int | None = None
    """Written in all."""
    counted: str = ""
    """Who counted what was written: `server`, or nobody, so that `pieces` as they came are meant."""
    first_seconds: float | None = None
    """Median seconds until the first piece of an answer, at this concurrency."""
    request_seconds: float | None = None
    """Median seconds of a whole request."""
