"""Votes beside the results: `votes.jsonl`, a line a vote, only ever appended to.

Several people may vote at once, from several processes, and a machine may stop in the middle of a line.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from harness.errors import InputError
from harness.records import ModelSummary, Summary, Vote, VotesSummary

VOTES = "votes.jsonl"


@dataclass(frozen=True)
class ReadVotes:
    """The votes of a file, as they were cast."""

    votes: tuple[Vote, ...] = ()
    damaged: int = 0
    """Lines that are no votes."""


def cast(results: Path, vote: Vote, models: Mapping[str, ModelSummary]) -> None:
    """Appends a vote to those of a results folder, whole and behind what others wrote meanwhile.

    Args:
        results: results/<suite>.
        vote: what is kept.
        models: of the results' summary.

    Raises:
        InputError: a model of the vote is not one of these, or is made of something else.
    """
    for answer in vote.answers:
        if not _is_of(answer.model, answer.key, models):
            raise InputError(
                f"{results}: the model {answer.model} that was voted on is not the one that was measured here",
                "Run the suite again, so that results and answers are of the same models.",
            )
    line = json.dumps(vote.model_dump(mode="json"), allow_nan=False).encode() + b"\n"
    descriptor = os.open(results / VOTES, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            line = b"\n" + line  # what was cut off there stays a line of its own
        while line:
            line = line[os.write(descriptor, line) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_votes(results: Path) -> ReadVotes:
    """The votes of a results folder, those that can be read; none where nobody voted."""
    try:
        lines = (results / VOTES).read_bytes().split(b"\n")
    except OSError:
        return ReadVotes()
    votes, damaged = [], 0
    for line in filter(bytes.strip, lines):
        try:
            votes.append(Vote.model_validate_json(line))
        except ValidationError:
            damaged += 1
    return ReadVotes(tuple(votes), damaged)


def with_votes(summary: Summary, results: Path) -> Summary:
    """A summary with what the votes beside it say now; as it is where there never were any.

    Args:
        summary: of the results.
        results: results/<suite>.
    """
    found = summarize_votes(read_votes(results), summary.models, summary.confidence)
    return summary if found is None else summary.model_copy(update={"votes": found})


def summarize_votes(
    read: ReadVotes, models: Mapping[str, ModelSummary], confidence: float = 0.95
) -> VotesSummary | None:
    """What votes say of these models, in the models' order; None where there are none."""
    if not read.votes and not read.damaged:
        return None
    from harness.analysis.preferences import preferences

    current = [vote for vote in read.votes if _is_current(vote, models)]
    by_kind: Sequence[list[Vote]] = (
        [vote for vote in current if vote.blind],
        [vote for vote in current if not vote.blind],
    )
    return VotesSummary(
        sets=[preferences(votes, list(models), confidence) for votes in by_kind if votes],
        outdated=len(read.votes) - len(current),
        damaged=read.damaged,
    )


def _is_current(vote: Vote, models: Mapping[str, ModelSummary]) -> bool:
    return all(_is_of(answer.model, answer.key, models) for answer in vote.answers)


def _is_of(model: str, key: str, models: Mapping[str, ModelSummary]) -> bool:
    return model in models and models[model].key == key
