"""Following instructions: does a chat model keep to a form that a program can check?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from harness.probes.instructions import PROMPTS
from harness.suite.schema.tasks.asked import AskedTask
from harness.suite.schema.tasks.entry import AskedOf
from harness.suite.schema.tasks.task_type import TaskType


class ChatProbe(AskedTask):
    """What the built-in prompts for chat models share: they are in English, and go through a chat template."""

    max_new_tokens: int = Field(48, ge=1, description="Tokens after which an answer is cut off.")

    @property
    def asked_of(self) -> AskedOf:
        return "english chat"


class InstructTask(ChatProbe):
    """Does the model keep to the form that a built-in prompt asks for, as far as a program can check it?"""

    type: Literal["instruct"]

    @property
    def named(self) -> Mapping[str, str]:
        return PROMPTS

    def described(self, data: str) -> str:
        return (
            f"{len(PROMPTS)} built-in prompts that each ask for a form (one word, capitals, three bullet "
            "points, JSON), checked by a program"
        )


INSTRUCT = TaskType(
    name="instruct",
    spec=InstructTask,
    metrics=("followed", "truncated", "empty"),
    main_metrics=("followed", "truncated"),
    noun="prompts",
    drawn=False,
)
