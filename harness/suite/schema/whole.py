"""A suite as a whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field, PrivateAttr

from harness.suite.schema.entry import Entry, Name
from harness.suite.schema.forgetting import Forgetting, SwitchedForgetting
from harness.suite.schema.gates import CompareSpec, GateSpec
from harness.suite.schema.models import ModelSpec
from harness.suite.schema.prices import Machine, Spending
from harness.suite.schema.resources import Resources
from harness.suite.schema.tasks import TaskSpec


class Defaults(Entry):
    """Values for every task and step that does not set its own."""

    seed: int = Field(0, ge=0, description="Seed of every random choice: subsets, training.")
    limit: int | None = Field(
        None,
        ge=1,
        description="Examples asked per task: a seeded, stratified subset of the test split; "
        "a smaller limit asks a subset of a larger one. Default: the whole test split.",
    )
    mismatch: Literal["error", "allow"] = Field(
        "error",
        description="What happens where a GGUF reads the prompts otherwise than the model that it "
        "was made from (other token ids, another number of BOS tokens, another chat template), or "
        "where different prompts or choices are the same token ids. "
        "error: it is not asked. allow: it is asked with the ids of its source's tokenizer, and "
        "the report says so.",
    )
    timeout: float = Field(
        7200,
        gt=0,
        description="Seconds that one step (a fine-tuning, a cell) may take before it is stopped "
        "and counts as failed.",
    )
    resources: Resources = Field(
        default_factory=lambda: Resources(),
        description="What steps need of a cluster's node, of models that say nothing else.",
    )


class SuiteSpec(Entry):
    """A suite: models, tasks, what to compare, and the limits that must hold."""

    name: Name = Field(description="Names the folders under results/ and reports/.")
    description: str = Field("", description="A sentence for the report.")
    defaults: Defaults = Field(default_factory=lambda: Defaults())
    models: dict[Name, ModelSpec] = Field(min_length=1)
    tasks: dict[Name, TaskSpec] = Field(min_length=1)
    compare: dict[Name, CompareSpec] = Field(default_factory=dict)
    gates: list[GateSpec] = Field(default_factory=list)
    spending: Spending | None = Field(
        None, description="How much may be spent on all served models together."
    )
    machine: Machine | None = Field(
        None, description="What this machine costs, for the cost of models that run here."
    )
    prefer: Literal["smallest", "fastest"] = Field(
        "smallest",
        description="Which of the models that meet every gate the report recommends: the smallest "
        "on disk, or the fastest at decode.",
    )

    forgetting: SwitchedForgetting = Field(
        default_factory=lambda: Forgetting(),
        description="What every fine-tuning of the suite, and every adapter that was trained elsewhere, broke: the model before and after are asked general "
        "text, instructions, and requests that are to be refused or answered. false: nothing is added. Or "
        "which of them, and on which text. Nothing is added where nothing was trained.",
    )
    _added: frozenset[str] = PrivateAttr(default=frozenset())

    @property
    def added(self) -> frozenset[str]:
        """Names of the tasks that the suite does not write down: they show what a fine-tuning broke."""
        return self._added

    def note_added(self, names: Iterable[str]) -> None:
        """Says of some of its tasks that they were added to those of the file."""
        self._added = frozenset(names)

    @property
    def currency(self) -> str | None:
        """The one that all prices of served models are in; None where there are none, or several."""
        served = (of.endpoint for of in self.models.values() if of.endpoint is not None)
        found = {of.prices.currency for of in served if of.prices is not None}
        return found.pop() if len(found) == 1 else None


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a suite file (draft 2020-12), by the names that users write."""
    schema = SuiteSpec.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "harness suite",
        **{key: value for key, value in schema.items() if key != "title"},
    }
