"""A suite's comparisons, and the limits that must hold."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, model_validator

from harness.suite.schema.entry import Entry, Name

Rule = Literal["must", "max_drop", "max_slowdown", "min", "max"]
RULES: tuple[Rule, ...] = get_args(Rule)
"""The rules that a gate can set, of which it sets one."""


class CompareSpec(Entry):
    """A baseline and its candidates, compared on the same examples."""

    baseline: Name = Field(description="The model that the others are held against.")
    candidates: list[Name] = Field(min_length=1, description="The models that are compared to it.")
    tasks: list[Name] | None = Field(None, description="Default: every task.")
    prompts: Literal["same", "any"] = Field(
        "same",
        description="same: refuse to compare answers to different prompts. any: compare models "
        "that read the same examples through tokenizers or chat templates of their own, or whose "
        "labels are told in different ways.",
    )


class GateSpec(Entry):
    """A limit that a model has to keep, judged on an interval: met, not met, or undecided."""

    compare: Name | None = Field(
        None, description="The comparison whose candidates are judged against its baseline."
    )
    models: list[Name] | None = Field(
        None,
        min_length=1,
        description="In place of `compare`, where there is nothing to compare with (`min`, `max`), "
        "or with `against: baseline`: the models that are judged.",
    )
    against: Literal["baseline"] | None = Field(
        None,
        description="baseline: each model is held against itself in a saved baseline "
        "(`harness baseline save`), which `harness gate --baseline` names.",
    )
    task: Name
    metric: str
    must: Literal["improve"] | None = Field(
        None, description="improve: the whole interval of the difference lies on the good side."
    )
    max_drop: float | None = Field(
        None,
        ge=0,
        description="The loss that is allowed, in the metric's unit: the one-sided bound of the "
        "paired difference stays within it.",
    )
    max_slowdown: float | None = Field(
        None,
        ge=1,
        description="How many times as slow a timing may be: 1.1 allows 10%; judged on the bound "
        "of the ratio.",
    )
    min: float | None = Field(None, description="The lower bound of the value is at least this.")
    max: float | None = Field(None, description="The upper bound of the value is at most this.")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="Of every bound.")
    undecided: Literal["fail", "pass"] = Field(
        "fail",
        description="What becomes of a gate that these examples cannot decide.",
    )
    candidates: list[Name] | None = Field(None, description="Default: all of the comparison.")

    @property
    def rule(self) -> Rule:
        """The key of the rule that this gate sets."""
        return next(key for key in RULES if getattr(self, key) is not None)

    @model_validator(mode="after")
    def _one_rule(self) -> GateSpec:
        rules = [key for key in RULES if getattr(self, key) is not None]
        if len(rules) != 1:
            raise ValueError(
                "a gate takes exactly one of `must`, `max_drop`, `max_slowdown`, `min` and `max`"
            )
        if (self.compare is None) == (self.models is None):
            raise ValueError("a gate takes `compare` or `models`, and not both")
        if self.candidates is not None and self.compare is None:
            raise ValueError("`candidates` belongs to `compare`; without it name `models`")
        if rules[0] in ("min", "max"):
            if self.against is not None:
                raise ValueError(f"`{rules[0]}` is a limit of its own and takes no `against`")
        elif self.compare is None and self.against is None:
            raise ValueError(f"`{rules[0]}` needs `compare`, or `against: baseline`")
        return self
