"""What all parts of a suite share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$",
        max_length=80,
    ),
]
"""Names become folders under `results/`."""

UnitInterval = Annotated[float, Field(ge=0, le=1)]


class Entry(BaseModel):
    """A part of a suite: frozen, closed against keys that nobody reads and numbers that are none."""

    model_config = ConfigDict(
        defer_build=True, frozen=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )
