"""Where on this machine lies what steps name by its contents: no step holds a path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.plan.data import DataRef
from harness.plan.steps import Step
from harness.suite.metrics import MetricRef


@dataclass(frozen=True)
class Places:
    """Files, data and code by the SHA-256 of their contents, which stands in the parameters of steps."""

    files: Mapping[str, str] = field(default_factory=dict)
    """Absolute paths of files and folders."""
    data: Mapping[str, DataRef] = field(default_factory=dict)
    """References to data sets and instructions, with their files."""
    code: Mapping[str, MetricRef] = field(default_factory=dict)
    """Metrics with the files of their code."""

    def file(self, contents: str) -> Path:
        """The file or folder of these contents."""
        return Path(self.files[contents])

    def metric(self, ref: MetricRef, code: str) -> MetricRef:
        """A metric as a step has it, with its files."""
        return replace(ref, place=self.code[code].place, folder=self.code[code].folder)

    def of(self, step: Step) -> Places:
        """What one step names."""
        named = frozenset(_strings(step.params.data()))
        return Places(
            {name: self.files[name] for name in named if name in self.files},
            {name: self.data[name] for name in named if name in self.data},
            {name: self.code[name] for name in named if name in self.code},
        )

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Places:
        """What `asdict` gave, perhaps as JSON."""
        code = {name: MetricRef.of(ref) for name, ref in data["code"].items()}
        return cls(data["files"], data["data"], code)


def _strings(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for value in data.values():
            yield from _strings(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _strings(value)
