"""What tasks share that draw examples, or documents, from more of them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from harness.suite.schema.datasets import AnyDataset, OwnDataset
from harness.suite.schema.tasks.asked import AskedTask
from harness.suite.schema.tasks.entry import DataChoice

Agreement = Annotated[
    Literal["all", "75", "66", "50"],
    BeforeValidator(lambda value: str(value) if isinstance(value, int) else value),
    WithJsonSchema({"enum": ["all", 75, 66, 50, "75", "66", "50"]}),
]


class ExampleTask(AskedTask):
    """What tasks share that draw examples, or documents, from more of them."""

    limit: int | None = Field(None, ge=1, description="Examples asked; default: the suite's.")
    shots: int = Field(0, ge=0, description="Examples of the train split shown in the prompt.")
    shots_as: Literal["turns", "text"] | None = Field(
        None,
        description="turns: each shot is a turn of the user and one of the model (the default, with a "
        "chat template). text: all of them stand in the one turn of the user, as plain prompts.",
    )
    prompt: str | None = Field(
        None,
        description="How a data set by name is put, in place of its own words, with {text} where the "
        'example goes, such as "{text}\n\nPositive, negative or neutral?"',
    )
    agreement: Agreement | None = Field(
        None,
        description="Of financial_phrasebank: the least share of annotators that agree on each "
        "label, in percent, or all. Default: all.",
    )
    data_dir: str | None = Field(
        None,
        description="The folder that holds the data set's files, relative to the suite file; then "
        "nothing is downloaded. Default: --data-dir, $HARNESS_DATA, or a download.",
    )

    @model_validator(mode="after")
    def _a_place_for_the_text(self) -> ExampleTask:
        if self.prompt is not None and re.search(r"\{\{\s*text\s*\}\}", self.prompt):
            raise ValueError("`prompt` takes {text} with one pair of braces")
        if self.prompt is not None and "{text}" not in self.prompt:
            raise ValueError("`prompt` needs {text}, where the example goes")
        if self.prompt is not None and isinstance(getattr(self, "dataset", None), OwnDataset):
            raise ValueError("a data set of your own has its `prompt` under `dataset`")
        if self.shots_as is not None and not self.shots:
            raise ValueError("`shots_as` says how `shots` are shown, and there are none")
        return self

    @property
    def own_limit(self) -> int | None:
        return self.limit

    @property
    def put(self) -> dict[str, str]:
        """How the task is asked, as far as the suite says so, beside the number of shots."""
        given = {"shots_as": self.shots_as, "prompt": self.prompt}
        usual = {"shots_as": "turns"}
        said = {k: v for k, v in given.items() if v is not None and v != usual.get(k)}
        return super().put | said


class DatasetTask(ExampleTask):
    """A task on a data set."""

    dataset: AnyDataset = Field(
        description="A data set by name (`harness data list`), or one of your own."
    )

    @property
    def labels(self) -> list[str]:
        given = self.dataset.labels if isinstance(self.dataset, OwnDataset) else None
        return list(given.values() if isinstance(given, dict) else given or ())

    @property
    def data(self) -> DataChoice:
        return DataChoice(self.dataset, self.shots, self.agreement, self.data_dir)
