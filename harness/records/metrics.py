"""What a reader needs to judge a figure of a metric; it travels with the figures."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.records.base import Record

Kind = Literal[
    "proportion",
    "mean",
    "f1",
    "ratio",
    "quantile",
    "maximum",
    "repetitions",
    "median",
    "tail",
    "percentile",
    "single",
]
Measures = Literal["quality", "change", "cost"]


class MetricDescriptor(Record):
    """What a metric is called, what it means, and which way is better.

    `kind` says which interval belongs to it (a `maximum`, a `tail` and a `single` one have none);
    `format` is a Python format specification for a value times `factor`, which is in `unit`;
    `higher_is_better` is None where neither direction is. `measures` says what of a model it is
    about: how good its answers are, how far it has moved from another model (which is neither good
    nor bad, arXiv 2606.19558), or what it costs to run.
    """

    name: str
    label: str
    unit: str = ""
    higher_is_better: bool | None = None
    measures: Measures = "quality"
    kind: Kind
    format: str = Field(".3f", pattern=r"^,?\.\d[efg]$")
    factor: float = 1.0
    explanation: str
    own: bool = False
    """Whether the suite asks for it beside the metrics that its type of task always has."""

    @property
    def is_timing(self) -> bool:
        """Whether the metric is a rate or a wait that was measured: in rounds, or request by request."""
        return self.kind in ("repetitions", "median", "tail", "percentile")

    @property
    def noun(self) -> str:
        """What its figures are judged over, in the plural."""
        if self.kind == "percentile":
            return "requests"
        return "rounds" if self.is_timing else "examples"

    @property
    def has_interval(self) -> bool:
        """Whether a value of it says how sure it is."""
        return self.kind not in ("maximum", "tail", "single")

    @property
    def scores_examples(self) -> bool:
        """Whether the metric is the mean of one score of each example."""
        return self.kind in ("proportion", "mean")
