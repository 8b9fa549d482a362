"""What models were asked and answered, example by example, for whoever shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PromptTexts:
    """The texts of a task's prompts for the models of one lineage, exactly as they were put."""

    mode: str
    """As in `PromptSet.mode`: chat, plain or text."""
    system: str
    """Where a system message stands, or `none`."""
    texts: Mapping[str, str]
    """By example id."""


@dataclass(frozen=True)
class CellSamples:
    """The samples of one cell: lines of `samples.jsonl` as plain data, by index.

    200,000 of them are read in half a second this way, and in several as `Sample`.
    """

    rows: Sequence[Mapping[str, Any]]
    prompts: str = ""
    """The hash of the prompts that were asked, as `Cell.prompts`."""


@dataclass(frozen=True)
class Answered:
    """All samples of a suite's results, with what they answer."""

    cells: Mapping[tuple[str, str], CellSamples] = field(default_factory=dict)
    """By model and task."""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By task the examples' own texts, by id; none where they were not kept."""
    prompts: Mapping[str, PromptTexts] = field(default_factory=dict)
    """By the hash of a set of prompts; none where they are no longer on this machine."""
