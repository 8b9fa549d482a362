"""What tasks share that ask a model."""

from __future__ import annotations

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

    @property
    def needs(self) -> frozenset[Capability]:
        """What whoever answers must be able to do."""
        return frozenset({"generate"})

    @property
    def put(self) -> dict[str, str]:
        """How the task is asked, as far as the suite says so."""
        return {} if self.system is None else {"system": self.system}
