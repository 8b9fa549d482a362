"""The metrics that a task names: what they are called, and what they are made of, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from harness.suite.lineage import resolve
from harness.suite.schema import Entry, Graded, OwnMetric

ON_HUB = "evaluate-metric"
"""The place where the Hub keeps the metrics that have a name without an owner."""


@dataclass(frozen=True)
class MetricRef:
    """One entry of a task's `metrics`: where its code is, and the metrics that it gives.

    It travels to workers as plain data. `figures` are the keys of what a call gives, in the order of
    `names`; None is the only figure there is.
    """

    by: Literal["harness", "python", "evaluate"]
    names: tuple[str, ...]
    figures: tuple[str | None, ...]
    place: str
    """The metric's name, `file.py:function` as the suite has it, or the file of an `evaluate.Metric`
    ("" where it comes from the Hub)."""
    folder: str = ""
    """What a Python function's relative path starts from."""
    config: str | None = None
    args: Mapping[str, Any] = field(default_factory=dict)
    binary: bool = False
    repo: str = ""
    """The metric's repo on the Hub."""
    revision: str = ""

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> MetricRef:
        """What `asdict` gave, perhaps as JSON."""
        return cls(**{**data, "names": tuple(data["names"]), "figures": tuple(data["figures"])})

    @property
    def unplaced(self) -> MetricRef:
        """The same without the files of this machine."""
        return replace(self, place="" if self.by == "evaluate" else self.place, folder="")

    @property
    def role(self) -> str:
        """What a cell calls the step that gets it from the Hub."""
        return f"metric.{self.names[0]}"


def metric_refs(task: Entry, folder: Path) -> list[MetricRef]:
    """The entries of a task's `metrics`.

    Args:
        task: any task.
        folder: what the suite's relative paths start from.
    """
    entries = task.metrics if isinstance(task, Graded) else []
    return [
        MetricRef("harness", (entry,), (None,), entry)
        if isinstance(entry, str)
        else own_ref(entry, folder)
        for entry in entries
    ]


def own_ref(metric: OwnMetric, folder: Path) -> MetricRef:
    """One of the user's own metrics; nothing of it is looked at."""
    figures, names = _figures(metric), names_of(metric)
    if metric.python is not None:
        return MetricRef(
            "python", names, figures, metric.python, str(folder),
            args=metric.args, binary=metric.binary,
        )  # fmt: skip
    on_hub = hub_repo(metric, folder)
    return MetricRef(
        "evaluate", names, figures, "" if on_hub else str(script(str(metric.evaluate), folder)),
        config=metric.config, args=metric.args, binary=metric.binary, repo=on_hub,
        revision=(metric.revision or "main") if on_hub else "",
    )  # fmt: skip


def names_of(metric: OwnMetric) -> tuple[str, ...]:
    """What the metrics are called that an entry gives."""
    figures = _figures(metric)
    return tuple(_name(metric, figure, len(figures)) for figure in figures)


def script(text: str, folder: Path) -> Path:
    """The file of an `evaluate.Metric`: named itself, or by its folder, which is called as it is."""
    path = resolve(text, folder).absolute()
    return path / f"{path.name}.py" if path.is_dir() else path


def hub_repo(metric: OwnMetric, folder: Path) -> str:
    """The Space on the Hub that holds a metric; "" where it is a folder or a file."""
    text = str(metric.evaluate)
    if resolve(text, folder).exists() or text.startswith((".", "/", "~")) or text.endswith(".py"):
        return ""
    return text if "/" in text else f"{ON_HUB}/{text}"


def _figures(metric: OwnMetric) -> tuple[str | None, ...]:
    return tuple(metric.key) if isinstance(metric.key, list) else (metric.key,)


def _name(metric: OwnMetric, figure: str | None, figures: int) -> str:
    if metric.name is not None:
        return metric.name if figures == 1 else f"{metric.name}_{figure}"
    if figure is not None:
        return figure
    if metric.python is not None:
        return metric.python.rpartition(":")[2]
    return Path(str(metric.evaluate)).stem
