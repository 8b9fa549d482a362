"""Classification: which of the labels fits?"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from harness.capabilities import Capability
from harness.suite.schema.metrics import Graded
from harness.suite.schema.tasks.ending import SCORES, Score, Stopping
from harness.suite.schema.tasks.examples import DatasetTask
from harness.suite.schema.tasks.task_type import TaskType


class ClassifyTask(DatasetTask, Stopping, Graded):
    """Which of the labels fits?"""

    type: Literal["classify"]
    ask: Literal["loglikelihood", "generate"] = Field(
        "loglikelihood",
        description="loglikelihood: the label that the model finds most likely. generate: let it "
        "write, and look for a label in what it wrote.",
    )
    max_new_tokens: int = Field(12, ge=1, description="For `ask: generate`.")
    score: Score | None = Field(None, description=f"For `ask: loglikelihood`. {SCORES}")

    @model_validator(mode="after")
    def _of_one_way_to_ask(self) -> ClassifyTask:
        if self.score is not None and self.ask == "generate":
            raise ValueError("`score` is for `ask: loglikelihood`: what is written is not scored")
        if self.stop is not None and self.ask == "loglikelihood":
            raise ValueError("`stop` is for `ask: generate`: nothing is written otherwise")
        return self

    @property
    def needs(self) -> frozenset[Capability]:
        """Log-probabilities of the labels, unless they are written."""
        return frozenset({"choose" if self.ask == "loglikelihood" else "generate"})

    @property
    def ending(self) -> dict[str, Any]:
        chosen = self.ask == "loglikelihood"
        return {"score": self.score} if chosen else self.stopping(self.shots)


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
