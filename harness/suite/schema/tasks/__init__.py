"""The types of tasks: a file each, with what a suite may say of it and what layers read of it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from harness.suite.schema.tasks.classify import CLASSIFY, ClassifyTask
from harness.suite.schema.tasks.divergence import DIVERGENCE, DivergenceTask
from harness.suite.schema.tasks.instruct import INSTRUCT, InstructTask
from harness.suite.schema.tasks.load import LOAD, LoadTask
from harness.suite.schema.tasks.multiple_choice import MULTIPLE_CHOICE, MultipleChoiceTask
from harness.suite.schema.tasks.perplexity import PERPLEXITY, PerplexityTask
from harness.suite.schema.tasks.refuse import COMPLY, REFUSE, ComplyTask, RefuseTask
from harness.suite.schema.tasks.speed import SPEED, SpeedTask
from harness.suite.schema.tasks.summarize import SUMMARIZE, SummarizeTask
from harness.suite.schema.tasks.task_type import TaskType
from harness.suite.schema.tasks.write import WRITE, WriteTask

TaskSpec = Annotated[
    ClassifyTask
    | MultipleChoiceTask
    | SummarizeTask
    | DivergenceTask
    | PerplexityTask
    | WriteTask
    | InstructTask
    | RefuseTask
    | ComplyTask
    | SpeedTask
    | LoadTask,
    Field(discriminator="type"),
]
"""A task of a suite, of any type."""

TASK_TYPES: Mapping[str, TaskType] = MappingProxyType(
    {
        of.name: of
        for of in (
            CLASSIFY,
            MULTIPLE_CHOICE,
            SUMMARIZE,
            DIVERGENCE,
            PERPLEXITY,
            WRITE,
            INSTRUCT,
            REFUSE,
            COMPLY,
            SPEED,
            LOAD,
        )
    }
)
"""Types of tasks by the name that a suite writes as `type`, in the order that users see."""


_TASK: TypeAdapter[TaskSpec] = TypeAdapter(TaskSpec)


def task_of(params: Mapping[str, Any]) -> TaskSpec:
    """The task of a cell, from what the cell's parameters hold of it."""
    return _TASK.validate_python({**params, **TASK_TYPES[params["type"]].stand_ins})


def type_of(task: TaskSpec) -> TaskType:
    """The type of a task."""
    return TASK_TYPES[task.type]
