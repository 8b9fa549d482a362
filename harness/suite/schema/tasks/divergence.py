"""Divergence: how far is a model from a reference model, token by token?"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from harness.capabilities import Capability
from harness.suite.schema.entry import Name
from harness.suite.schema.tasks.entry import DataChoice, TextWindows
from harness.suite.schema.tasks.examples import ExampleTask
from harness.suite.schema.tasks.task_type import TaskType


class DivergenceTask(ExampleTask):
    """How far are the model's next-token distributions from a reference model's?

    On the prompts and reference answers of a data set, or on a text.
    """

    type: Literal["divergence"]
    dataset: str | None = Field(None, description="A data set by name.")
    text: str | None = Field(
        None, description="In place of `dataset`: a text file, relative to the suite file."
    )
    window: int = Field(512, ge=2, description="Tokens of each document that a `text` is cut into.")
    reference: Name = Field(description="The model of this suite that is compared against.")

    @model_validator(mode="after")
    def _one_kind_of_document(self) -> DivergenceTask:
        if (self.dataset is None) == (self.text is None):
            raise ValueError("a divergence task takes `dataset` or `text`")
        put = ("shots", "shots_as", "system", "prompt", "agreement")
        if self.text is not None and (given := [key for key in put if getattr(self, key)]):
            raise ValueError(f"`{given[0]}` belongs to a `dataset`; a `text` is read as it stands")
        return self

    @property
    def needs(self) -> frozenset[Capability]:
        """Whole distributions, of the reference model as well."""
        return frozenset({"distributions"})

    @property
    def data(self) -> DataChoice | None:
        if self.dataset is None:
            return None
        return DataChoice(self.dataset, self.shots, self.agreement, self.data_dir)

    @property
    def windows(self) -> TextWindows | None:
        return None if self.text is None else TextWindows(self.text, self.window)

    @property
    def held_against(self) -> Name:
        return self.reference

    def settings(self) -> dict[str, Any]:
        found = super().settings()
        return found if self.text is not None else {k: v for k, v in found.items() if k != "window"}

    def described(self, data: str) -> str:
        if self.text is not None:
            data = f"{Path(self.text).name} in windows of {self.window} tokens"
        return f"how far next-token probabilities are from those of {self.reference}, on {data}"


DIVERGENCE = TaskType(
    name="divergence",
    spec=DivergenceTask,
    metrics=(
        "kl_mean",
        "kl_median",
        "kl_p99",
        "kl_max",
        "same_top1",
        "delta_p_mean",
        "delta_p_rms",
        "perplexity",
        "perplexity_ratio",
        "bits_per_byte",
    ),
    main_metrics=("kl_mean", "kl_p99", "same_top1", "perplexity"),
    of_documents=True,
    has_reference=True,
    stand_ins={"reference": "reference", "text": "prompts"},
    revision=2,
)
