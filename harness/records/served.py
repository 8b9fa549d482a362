"""What a cell says of a server that answered it: facts, which a report puts into words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pydantic import Field, model_validator

from harness.records.base import Record
from harness.records.cells import Cell, Sample

SERVED = "served"
"""The key in a cell's details that holds a `ServedDetails`."""


USAGE = "usage"
"""The key in a sample's data that holds a `ServedUsage`."""


class ServedUsage(Record):
    """What an answer, or all of a cell, took of a server (`harness.engines.endpoint.usage`)."""

    requests: int = 0
    remembered: int = 0
    """Of them, those that had been answered before, so that nothing was sent or paid."""
    input: int = 0
    """Tokens read, those that the server had cached included."""
    cached: int = 0
    output: int = 0
    """Tokens written, reasoning included."""
    reasoning: int = 0
    reckoned: int = 0
    """Requests whose tokens the server did not tell, so that they are reckoned by the texts' lengths."""
    fingerprint: str = ""
    """Under which the server answered; "" where it does not say."""


class ServedDetails(Record):
    """How a served model was asked, and what the probe found before that."""

    host: str
    model: str
    api: str
    """`chat`: the server's own template. `completions`: texts that are continued."""
    started: str = ""
    """The server that was started for the model, whose files are here; "" where another one was asked."""
    rendered: bool = False
    """Whether texts were put through the model's own template here, and then continued."""
    tokens_here: int | None = None
    """Of a prompt by the model's own tokenizer, where that is here."""
    tokens_there: int | None = None
    """Of the same prompt as the server counts them."""
    without_begin: bool = False
    """Whether the marker that begins a text was left out, since the server puts one there itself."""
    concurrency: int = 1
    choosing: bool = False
    """Whether labels or choices were to be told."""
    scoring: str = "auto"
    """The only way in which they might be told, as the suite names it."""
    ways: dict[str, int] = Field(default_factory=dict)
    """How many answers were told in which way (`harness.engines.answerer.Way`)."""
    unscored: str = ""
    """Why log-probabilities of whole answers were not used (`harness.doubts`)."""
    passed_over: dict[str, str] = Field(default_factory=dict)
    """The same of each way that comes before the one that was taken."""
    shared: dict[str, list[str]] = Field(default_factory=dict)
    """A token that begins several choices, and those: why their first tokens do not tell them apart."""
    undecided: dict[str, int] = Field(default_factory=dict)
    """Answers that could not be told: `shared`, by a beginning that is several choices'; `outside`, as
    none was among the likeliest tokens; `unfinished`, as what was written is none of them."""
    top: int = 0
    """How many of the likeliest tokens the server lists; 0 where it was not asked."""
    constraint: str = ""
    """The form of constraint that it holds to; "" for none, or where it was not asked."""
    repeats: bool | None = None
    """Whether the same question was answered alike twice; None where that was not seen."""
    greedy: bool | None = None
    """Whether what was written is what the server finds likeliest; None where it does not say."""
    counts_prompts: bool = False
    """Whether the server says how many tokens it read, so that a cut prompt would show."""
    longest_tokens: int | None = None
    """What it counts of the longest prompt; None where it does not say."""
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
    usage: ServedUsage | None = None
    """Of all answers; None where an older version asked."""
    remembered: int = 0
    """Answers for which nothing was sent, since the same had been asked before."""
    fingerprints: list[str] = Field(default_factory=list)
    """All under which the server answered."""

    @model_validator(mode="before")
    @classmethod
    def _of_an_earlier_version(cls, data: Any) -> Any:
        if isinstance(data, dict) and "scored" in data:
            counts = {"loglikelihood": data["scored"], "parsed": data["written"]}
            rest = {key: value for key, value in data.items() if key not in ("scored", "written")}
            return {**rest, "ways": {way: count for way, count in counts.items() if count}}
        return data


def way_of(sample: Sample) -> str:
    """How a sample's choice was told (`harness.engines.answerer.Way`)."""
    return str(
        sample.data.get("way") or ("loglikelihood" if "logprobs" in sample.data else "parsed")
    )


def told_by(cell: Cell) -> str:
    """How a cell's choices were told: a way, or several joined by "+"; free texts are parsed, too."""
    if SERVED in cell.details:
        return "+".join(sorted(ServedDetails.model_validate(cell.details[SERVED]).ways))
    return "loglikelihood" if "scored_by" in cell.details else "parsed"


def ways_of(samples: Iterable[Sample]) -> dict[str, int]:
    """How many samples were told in which way."""
    return dict(Counter(map(way_of, samples)))


def undecided_of(samples: Iterable[Sample]) -> dict[str, int]:
    """How many samples name no choice though none had to be read, and why (`ServedDetails.undecided`)."""
    counts: Counter[str] = Counter()
    for sample in samples:
        if sample.answer is None and "way" in sample.data:
            found = sample.data.get("first_token")
            counts[
                "unfinished" if found is None else "shared" if "shared" in found else "outside"
            ] += 1
    return dict(counts)
