"""Summarization, or whatever else is written and held against a right text."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from harness.suite.schema.metrics import Graded
from harness.suite.schema.tasks.ending import Stopping
from harness.suite.schema.tasks.examples import DatasetTask
from harness.suite.schema.tasks.task_type import TaskType


class SummarizeTask(DatasetTask, Stopping, Graded):
    """Write a summary, greedily; graded by ROUGE."""

    type: Literal["summarize"]
    max_new_tokens: int = Field(64, ge=1, description="Tokens after which a summary is cut off.")

    @property
    def ending(self) -> dict[str, Any]:
        return self.stopping(self.shots)


SUMMARIZE = TaskType(
    name="summarize",
    spec=SummarizeTask,
    metrics=("rougeL", "rouge1", "rouge2", "rougeLsum", "truncated"),
    main_metrics=("rougeL", "rouge1", "rouge2"),
    extra_metrics=("chrf", "token_f1", "exact_match"),
    graded=True,
    learnable=True,
    has_floors=True,
    revision=2,
)
