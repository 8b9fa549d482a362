"""Metrics that a task names beside those that it always has."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from harness.suite.schema.entry import Entry, Name


class OwnMetric(Entry):
    """A metric of the user's own: a Python function, or an `evaluate.Metric`.

    It scores one example at a time; the figure is the mean over examples.
    """

    python: str | None = Field(
        None,
        description="`file.py:function`, relative to the suite file, or `package.module:function`: "
        "called with (prediction, target) or (prediction, target, text); gives a number, or a "
        "mapping of several.",
    )
    evaluate: str | None = Field(
        None,
        description="A folder or file with an `evaluate.Metric`, relative to the suite file; or its "
        "name on the Hub (`rouge`, `org/name`), whose code runs here: with `trust_remote_code` only.",
    )
    name: Name | None = Field(
        None,
        description="What it is called in gates and reports. Default: the key, else its own name.",
    )
    key: str | list[str] | None = Field(
        None,
        description="Which of several figures is taken, or a list: then each is a metric of its own.",
    )
    args: dict[str, Any] = Field(
        default_factory=dict, description="Keyword arguments for each call."
    )
    config: str | None = Field(None, description="Of `evaluate`: the metric's configuration.")
    better: Literal["higher", "lower"] = Field("higher", description="Which way is better.")
    binary: bool = Field(
        False,
        description="Each score is 0 or 1: intervals and tests are then those of shares.",
    )
    label: str | None = Field(None, description="What reports call it. Default: its name.")
    unit: str = Field("", description="What its figures are in, for reports.")
    explanation: str | None = Field(None, description="A sentence on it, for reports.")
    revision: str | None = Field(
        None, description="Of a metric on the Hub: a branch, tag or commit. Default: main."
    )
    trust_remote_code: bool = Field(
        False, description="Run this metric's code from the Hub on this machine."
    )

    @model_validator(mode="after")
    def _one_kind(self) -> OwnMetric:
        if (self.python is None) == (self.evaluate is None):
            raise ValueError("a metric takes `python` or `evaluate`")
        if self.python is not None:
            for key in ("config", "revision"):
                if getattr(self, key) is not None:
                    raise ValueError(f"`{key}` belongs to `evaluate`")
        if self.key == [] or (isinstance(self.key, list) and len(set(self.key)) < len(self.key)):
            raise ValueError("`key` names different figures")
        return self


def _form(value: Any) -> str:
    return "name" if isinstance(value, str) else "own"


MetricEntry = Annotated[
    Annotated[str, Tag("name")] | Annotated[OwnMetric, Tag("own")], Discriminator(_form)
]
"""A metric that the harness knows by its name, or one of the user's own."""


class Graded(Entry):
    """What tasks share whose answers can be graded by further metrics."""

    metrics: list[MetricEntry] = Field(
        default_factory=list,
        description="Metrics beside those that the task always has: names (`chrf`), or your own.",
    )
