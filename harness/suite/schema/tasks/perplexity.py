"""Perplexity on general text: how well a model still predicts what has nothing to do with its tasks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, model_validator

from harness.capabilities import Capability
from harness.probes.passages import KINDS, passages
from harness.suite.schema.tasks.asked import AskedTask
from harness.suite.schema.tasks.entry import AskedOf, TextWindows
from harness.suite.schema.tasks.task_type import TaskType


class PerplexityTask(AskedTask):
    """How surprising does the model find each token of a text that it reads?"""

    type: Literal["perplexity"]
    text: str | None = Field(
        None,
        description="A text file, relative to the suite file, that is read in windows. Default: the "
        "built-in passages (English: encyclopedic, news, dialogue, code).",
    )
    window: int = Field(512, ge=2, description="Tokens of each document that a `text` is cut into.")
    limit: int | None = Field(
        None, ge=1, description="Windows of a `text` that are read; default: the suite's."
    )

    @model_validator(mode="after")
    def _read_as_it_stands(self) -> PerplexityTask:
        if self.system is not None:
            raise ValueError("a text is read as it stands, without a `system` message")
        if self.text is None and self.limit is not None:
            raise ValueError("`limit` belongs to a `text`; the built-in passages are read whole")
        return self

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({"distributions"})

    @property
    def windows(self) -> TextWindows | None:
        return None if self.text is None else TextWindows(self.text, self.window)

    @property
    def named(self) -> Mapping[str, str]:
        return passages() if self.text is None else {}

    @property
    def asked_of(self) -> AskedOf:
        return "english" if self.text is None else ""

    @property
    def own_limit(self) -> int | None:
        return self.limit

    def settings(self) -> dict[str, Any]:
        found = super().settings()
        return found if self.text is not None else {k: v for k, v in found.items() if k != "window"}

    def described(self, data: str) -> str:
        if self.text is not None:
            return f"perplexity on {Path(self.text).name} in windows of {self.window} tokens"
        return (
            f"perplexity on {len(passages())} built-in passages of English text "
            f"({', '.join(KINDS)})"
        )


PERPLEXITY = TaskType(
    name="perplexity",
    spec=PerplexityTask,
    metrics=("perplexity", "bits_per_byte"),
    main_metrics=("perplexity", "bits_per_byte"),
    noun="documents",
    of_documents=True,
    stand_ins={"text": "prompts"},
)
