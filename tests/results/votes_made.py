"""Votes as a page leaves them, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness.records import Vote, VotedAnswer


def vote(
    models: Sequence[str],
    choice: int | Literal["both good", "both bad"],
    voter: str = "v0",
    blind: bool = True,
    keys: Sequence[str] | None = None,
    prompt: str = "Say hello.",
) -> Vote:
    """A vote on the models' answers, from left to right."""
    answers = [
        VotedAnswer(model=model, key=key, text=f"{model} says hello")
        for model, key in zip(models, keys or [""] * len(models), strict=True)
    ]
    return Vote(
        time="2026-11-27T04:00:00+00:00",
        voter=voter,
        blind=blind,
        prompt=prompt,
        settings={"temperature": 0.7, "seed": 1},
        answers=answers,
        choice=choice,
    )
