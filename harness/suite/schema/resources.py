"""What steps of a model need of a cluster's node, where the plan's own estimate is not enough."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from harness.quantities import SIZE, bytes_of
from harness.suite.schema.entry import Entry


def _is_size(text: object) -> object:
    bytes_of(text)
    return text


Size = Annotated[
    str,
    BeforeValidator(_is_size),
    WithJsonSchema({"type": "string", "pattern": f"^{SIZE.pattern}$"}),
]


class Resources(Entry):
    """Of one worker at a time, on a Ray cluster; this machine's own executor reads none of it."""

    cpus: float | None = Field(
        None,
        gt=0,
        description="Cores, and the threads that its models compute with. Default: one for a small "
        "model and for what loads none, else those of the smallest node.",
    )
    gpus: float | None = Field(
        None,
        ge=0,
        description="GPUs; a part of one may be shared. Default: what the plan estimates.",
    )
    memory: Size | None = Field(
        None, description="Main memory, such as 100 GB. Default: what the plan estimates."
    )
    custom: dict[str, Annotated[float, Field(gt=0)]] | None = Field(
        None,
        description="Of the cluster's own resources so much of each, such as {a100: 1}.",
    )

    def over(self, below: Resources) -> Resources:
        """These, and of what they leave out what others say."""
        given = self.model_dump(exclude_none=True)
        return Resources(**{**below.model_dump(exclude_none=True), **given})
