"""Where models and data come from, as the Hub names them."""

from __future__ import annotations

from dataclasses import dataclass

from harness.data.catalog import CATALOG
from harness.records import ModelSummary, SourceStep, TaskSummary
from harness.suite.hub import is_repo


@dataclass(frozen=True)
class HubData:
    """A data set on the Hub."""

    repo: str
    config: str | None = None
    revision: str | None = None
    split: str | None = None
    """The split of the repo that was asked; None where the harness draws its own."""


def data_on_hub(task: TaskSummary) -> HubData | None:
    """The Hub's data set that a task is asked on; None where it is another's, or none."""
    given = task.settings.get("dataset")
    if isinstance(given, dict) and "hub" in given:
        split = None if given.get("file") else "test"
        return HubData(str(given["hub"]), given.get("config"), given.get("revision"), split)
    known = CATALOG.get(given) if isinstance(given, str) else None
    return HubData(known.hub_repo) if known is not None else None


def source_on_hub(model: ModelSummary, source: str | None = None) -> str | None:
    """The Hub's repo that a lineage begins with; None where it begins with a folder, or random weights.

    Args:
        model: as a summary has it.
        source: what its lineage begins with, where that is known better.
    """
    first = model.lineage[0] if model.lineage else None
    if not isinstance(first, SourceStep) or first.random:
        return None
    name = source or first.name
    repo = "/".join(name.split("/")[:2]) if name.endswith(".gguf") else name
    return repo if is_repo(repo) else None


def was_made(model: ModelSummary) -> bool:
    """Whether a suite made this model of another: it is more than what its lineage begins with."""
    return len(model.lineage) > 1
