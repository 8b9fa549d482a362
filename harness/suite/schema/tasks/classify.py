"""Classification: which of the labels fits?"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.capabilities import Capability
from harness.suite.schema.metrics import Graded
from harness.suite.schema.tasks.examples import DatasetTask
from harness.suite.schema.tasks.task_type import TaskType


class ClassifyTask(DatasetTask, Graded):
    """Which of the labels fits?"""

    type: Literal["classify"]
    ask: Literal["loglikelihood", "generate"] = Field(
        "loglikelihood",
        description="loglikelihood: the label that the model finds most likely. generate: let it "
        "write, and look for a label in what it wrote.",
    )
    max_new_tokens: int = Field(12, ge=1, description="For `ask: generate`.")

    @property
    def needs(self) -> frozenset[Capability]:
        """Log-probabilities of the labels, unless they are written."""
        return frozenset({"choose" if self.ask == "loglikelihood" else "generate"})


CLASSIFY = TaskType(
    name="classify",
    spec=ClassifyTask,
    metrics=("accuracy", "macro_f1", "unparsed"),
    main_metrics=("accuracy", "macro_f1"),
    graded=True,
    learnable=True,
    has_floors=True,
    revision=2,
)
