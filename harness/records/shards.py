"""Shards: the parts of a suite that are run apart, each by a command of its own, and joined afterwards."""

from __future__ import annotations

from typing import Final

from pydantic import Field, model_validator

from harness.records.base import Record

SHARDED: Final = "@shard-"
"""What stands between the name of a suite's results, and a shard's number and count."""
NOTE: Final = "shard.json"
"""The file in a shard's results that says which part of which suite they are."""
MOST_SHARDS: Final = 9_999
"""More is taken for a slip."""


class Shard(Record):
    """Which part of a suite: the `number`-th, from 1, `of` so many."""

    number: int = Field(ge=1)
    of: int = Field(ge=1, le=MOST_SHARDS)

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Shard:
        if self.number > self.of:
            raise ValueError(f"there is no shard {self.number} of {self.of}")
        return self

    @property
    def words(self) -> str:
        """As `--shard` takes it."""
        return f"{self.number}/{self.of}"

    @property
    def ending(self) -> str:
        """Of the name of its results' folder."""
        return f"{SHARDED}{self.number}-of-{self.of}"
