"""What every task of a suite answers to the layers above, whatever its type."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from harness.capabilities import Capability
from harness.suite.schema.datasets import AnyDataset
from harness.suite.schema.entry import Entry, Name

AskedOf = Literal["", "english", "english chat"]
"""Which lineages a task can be asked: all; those that know English, as far as their model card says; of
these the ones that have a chat template."""


@dataclass(frozen=True)
class DataChoice:
    """The data set that a task is on."""

    dataset: AnyDataset
    shots: int = 0
    agreement: str | None = None
    data_dir: str | None = None
    """The folder of its files, relative to the suite's."""


@dataclass(frozen=True)
class TextWindows:
    """A text that is read in windows, each as many tokens long."""

    file: str
    """Relative to the suite's folder."""
    tokens: int


class TaskEntry(Entry):
    """A task of a suite. What a type of task does not have is empty here."""

    models: list[Name] | None = Field(
        None, min_length=1, description="Models that are asked it; default: all."
    )

    def asks(self, model: str) -> bool:
        """Whether a model of the suite is asked it."""
        return self.models is None or model in self.models

    @property
    def leaves_out(self) -> bool:
        """Whether examples are left out that are too long for one of its models."""
        return False

    @property
    @abstractmethod
    def needs(self) -> frozenset[Capability]:
        """What whoever answers must be able to do."""

    @property
    def put(self) -> dict[str, str]:
        """How the task is asked, as far as the suite says so."""
        return {}

    @property
    def ending(self) -> dict[str, Any]:
        """`score` of what is chosen and `stop` of what is written, as its prompts hold them; None leaves
        them to the prompts."""
        return {}

    @property
    def labels(self) -> list[str]:
        """Labels that the suite names."""
        return []

    @property
    def data(self) -> DataChoice | None:
        """The data set that it is on."""
        return None

    @property
    def windows(self) -> TextWindows | None:
        """The text that it reads, in place of a data set."""
        return None

    @property
    def named(self) -> Mapping[str, str]:
        """Prompts of the user's own, or built-in ones, by id, in their order."""
        return {}

    @property
    def asked_of(self) -> AskedOf:
        """Which lineages it is asked; the others are left out by name."""
        return ""

    @property
    def own_limit(self) -> int | None:
        """Examples that are asked at most; None leaves it to the suite."""
        return None

    @property
    def held_against(self) -> Name | None:
        """The model of the suite that all others are measured against."""
        return None

    @property
    def twin(self) -> Name | None:
        """The model of the suite that is the served one, run in this process."""
        return None

    @property
    def shares(self) -> list[int]:
        """The repetitions of each round, where something is timed."""
        return []

    def settings(self) -> dict[str, Any]:
        """What the suite says of it, as plain data; its metrics and prompts are told apart."""
        return self.model_dump(exclude_none=True, exclude={"metrics", "prompts"})

    def described(self, data: str) -> str:
        """What is asked, for someone who sees the task's name for the first time.

        Args:
            data: the description of its data set; "" where it is on none.
        """
        return data
