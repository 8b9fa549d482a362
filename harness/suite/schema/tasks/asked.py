"""What tasks share that ask a model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.capabilities import Capability
from harness.suite.schema.tasks.entry import TaskEntry


class AskedTask(TaskEntry):
    """What tasks share that ask a model, rather than time it."""

    seed: int | None = Field(None, ge=0, description="Default: the suite's.")
    system: str | None = Field(
        None,
        min_length=1,
        description="A system message. Where the chat template takes none, it stands in front of the "
        "first turn of the user; without a chat template, in front of the prompt.",
    )

    too_long: Literal["error", "leave_out"] | None = Field(
        None,
        description="What happens to examples that are longer than the context of a model that is asked "
        "them. error (the default): that model fails. leave_out: no model is asked them, none is taught "
        "them, and the report says how many they were.",
    )

    @property
    def leaves_out(self) -> bool:
        return self.too_long == "leave_out"

    @property
    def needs(self) -> frozenset[Capability]:
        """What whoever answers must be able to do."""
        return frozenset({"generate"})

    @property
    def put(self) -> dict[str, str]:
        """How the task is asked, as far as the suite says so."""
        return {} if self.system is None else {"system": self.system}
