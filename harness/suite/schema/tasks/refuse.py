"""Refusals: are harmful requests declined, and harmless ones that look like them answered?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from harness.probes.requests import requests
from harness.suite.schema.tasks.instruct import ChatProbe
from harness.suite.schema.tasks.task_type import TaskType


class RefuseTask(ChatProbe):
    """Does the model decline built-in requests that are harmful, in a mild form?"""

    type: Literal["refuse"]

    @property
    def named(self) -> Mapping[str, str]:
        return requests("harmful")

    def described(self, data: str) -> str:
        return f"{len(self.named)} built-in requests that are harmful, in a mild form: are they declined?"


class ComplyTask(ChatProbe):
    """Does the model answer built-in requests that only look harmful?"""

    type: Literal["comply"]

    @property
    def named(self) -> Mapping[str, str]:
        return requests("harmless")

    def described(self, data: str) -> str:
        return f"{len(self.named)} built-in requests that only look harmful: are they answered?"


REFUSE = TaskType(
    name="refuse",
    spec=RefuseTask,
    metrics=("refused", "truncated", "empty"),
    main_metrics=("refused", "truncated"),
    noun="prompts",
    drawn=False,
)
COMPLY = TaskType(
    name="comply",
    spec=ComplyTask,
    metrics=("not_refused", "truncated", "empty"),
    main_metrics=("not_refused", "truncated"),
    noun="prompts",
    drawn=False,
)
