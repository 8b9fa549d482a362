"""Votes on answers that stood side by side, and what they say together."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from harness.records.base import Record, Value, is_finite


class VotedAnswer(Record):
    """An answer that was voted on."""

    model: str
    """Its name in the suite."""
    key: str
    """What the model was made of (`ModelSummary.key`); a model of another key is another model."""
    text: str


class Vote(Record):
    """One vote: a line of `votes.jsonl`."""

    time: str
    """ISO 8601, in UTC."""
    voter: str
    """A random word for the browser that it came from; it tells nobody's name."""
    blind: bool
    """Whether the models' names were hidden, and their sides drawn by lot, until the vote."""
    prompt: str
    system: str = ""
    settings: dict[str, Any] = Field(default_factory=dict)
    """How the answers were sampled."""
    answers: list[VotedAnswer] = Field(min_length=2)
    """As they stood, from left to right."""
    choice: int | Literal["both good", "both bad"]
    """The place of the answer that was preferred, from 0; or of two or more, that none was."""

    @model_validator(mode="after")
    def _is_about_its_answers(self) -> Self:
        if isinstance(self.choice, int) and not 0 <= self.choice < len(self.answers):
            raise ValueError("the vote is for an answer that was not there")
        if len({answer.model for answer in self.answers}) < len(self.answers):
            raise ValueError("a model stands against itself")
        if not is_finite(self.settings):
            raise ValueError("the settings hold NaN or infinity")
        return self

    @property
    def preferred(self) -> str | None:
        """The model whose answer was preferred; None for a tie."""
        return self.answers[self.choice].model if isinstance(self.choice, int) else None


PreferenceOutcome = Literal["first", "second", "inconclusive", "too few"]
"""Which of two models is preferred, p adjusted; `too few` where so many votes could not have shown it."""
Unrated = Literal["", "two models", "not connected"]
"""Why models have no rating: two of them have a share already; or some model won or lost every vote, or
was never held against the others, so that none can be told."""


class PreferencePair(Record):
    """Two models as voters saw them side by side."""

    first: str
    second: str
    first_preferred: int
    second_preferred: int
    both_good: int
    both_bad: int
    voters: int
    share: Value
    """Of the votes for either of the two, those for the first; ties stand apart."""
    p: float | None = None
    p_adjusted: float | None = None
    outcome: PreferenceOutcome


class PreferenceRating(Record):
    """How often a model is preferred whatever it stands against."""

    model: str
    n: int
    """Votes that it stood in."""
    preferred: int
    rating: Value
    """Log-odds against the mean of the rated models: a difference of two is the log-odds that the one
    is preferred to the other."""


class Preferences(Record):
    """What votes of one kind say: the blind ones, or those where names were shown."""

    blind: bool
    votes: int
    voters: int
    by_voter: bool
    """Whether intervals take voters, not votes, to be what is drawn: they then hold for others like them."""
    fewest: int
    """So many votes for either, all alike and independent, could show a preference."""
    pairs: list[PreferencePair]
    ratings: list[PreferenceRating] = Field(default_factory=list)
    """From the most to the least preferred."""
    unrated: Unrated = ""
    left: int = 0
    """Of the votes for one of two answers, those for the left one, of `sides`."""
    sides: int = 0
    left_share: Value
    left_p: float | None = None


class VotesSummary(Record):
    """What the votes of a results folder say."""

    sets: list[Preferences] = Field(default_factory=list)
    """The blind votes, then the others; each where there are any."""
    outdated: int = 0
    """Votes on models that have changed since, or are no longer in the suite: they are not counted."""
    damaged: int = 0
    """Lines that could not be read."""
