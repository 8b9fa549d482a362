"""Multiple choice: which of the choices that each question has of its own is right?"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from harness.capabilities import Capability
from harness.suite.schema.metrics import Graded
from harness.suite.schema.tasks.ending import SCORES, Score
from harness.suite.schema.tasks.examples import DatasetTask
from harness.suite.schema.tasks.task_type import TaskType


class MultipleChoiceTask(DatasetTask, Graded):
    """Which of a question's own choices does the model find likeliest?"""

    type: Literal["multiple_choice"]
    answer_with: Literal["letters", "texts"] = Field(
        "letters",
        description="letters: the choices stand in the prompt behind A, B, …, and the likeliest "
        "letter is the answer, as MMLU is asked. texts: they do not, and the likeliest text is, as "
        "ARC is asked.",
    )
    normalize: Literal["none", "bytes"] = Field(
        "none",
        description="For `answer_with: texts`. bytes: each log-likelihood is divided by the choice's "
        "bytes in UTF-8, so that long choices are not at a disadvantage.",
    )

    score: Score | None = Field(None, description=SCORES)

    @model_validator(mode="after")
    def _letters_are_as_long(self) -> MultipleChoiceTask:
        if self.normalize != "none" and self.answer_with == "letters":
            raise ValueError("`normalize` is for `answer_with: texts`: letters are all as long")
        if self.normalize != "none" and self.score == "mean":
            raise ValueError("`score: mean` and `normalize: bytes` both divide by a length")
        return self

    @property
    def needs(self) -> frozenset[Capability]:
        """Log-probabilities of the choices."""
        return frozenset({"choose"})

    @property
    def put(self) -> dict[str, str]:
        return super().put | {"answer_with": self.answer_with}

    @property
    def ending(self) -> dict[str, Any]:
        return {"score": self.score}


MULTIPLE_CHOICE = TaskType(
    name="multiple_choice",
    spec=MultipleChoiceTask,
    metrics=("accuracy",),
    main_metrics=("accuracy",),
    graded=True,
    learnable=True,
    has_floors=True,
    own_choices=True,
)
