"""What the names of a suite stand for: found out once, written down, and all that a plan is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from pydantic import TypeAdapter

from harness.plan.data import DataRef
from harness.plan.places import Places
from harness.records import DataReading
from harness.suite.metrics import MetricRef


@dataclass(frozen=True)
class FoundFile:
    """A file or a folder of this machine."""

    path: str
    """Absolute."""
    contents: str
    """SHA-256 of what it holds."""


@dataclass(frozen=True)
class FoundRepo:
    """A model, an adapter or a GGUF on the Hub."""

    repo: str
    file: str
    """`org/repo/path` of a GGUF; "" for a whole repo."""
    revision: str
    commit: str
    """What the revision stands for; "" where nobody could say, which its download will."""


@dataclass(frozen=True)
class FoundEndpoint:
    """A server, as it last said of itself."""

    api: Literal["chat", "completions"]
    says: str
    """Hash of what it says; "" where it was never asked."""
    authorities: str = ""
    """Certificates (PEM) of authorities that the suite trusts beside the system's."""


@dataclass(frozen=True)
class FoundData:
    """A data set, or instructions."""

    ref: DataRef
    """With the files of this machine that hold it; without them where it has yet to be fetched."""
    contents: str
    """SHA-256 of what it holds and of the way it is put to a model; for the time being, where it has yet
    to be fetched."""
    left_out: tuple[str, ...] = ()
    """Of what a fine-tuning learns from: ids of examples whose text a task tests."""
    reading: DataReading | None = None
    """What was read of it; None where it has yet to be fetched."""


@dataclass(frozen=True)
class FoundMetric:
    """A metric that a task names."""

    ref: MetricRef
    code: str
    """SHA-256 of its code and of what that needs; of one on the Hub the commit says the rest."""
    commit: str = ""


@dataclass(frozen=True)
class FoundServer:
    """A server of this machine.

    Attributes:
        python: the interpreter that has it; "" is the harness's own.
        executable: a program in its place.
        version: of what is installed; "" where that is not known.
        folder: of the suite, where a command is run.
    """

    python: str
    executable: str
    version: str
    folder: str


@dataclass(frozen=True)
class Resolved:
    """A suite's names, by where they stand in it, and what they stand for on this machine."""

    sources: Mapping[str, FoundFile | FoundRepo]
    """By model: its weights, its adapter or its GGUF. One that is made of other models, or drawn, has
    none."""
    templates: Mapping[str, FoundFile]
    """By model: its own chat template."""
    texts: Mapping[str, FoundFile]
    """By task: what is read in windows."""
    data: Mapping[str, FoundData]
    """By task."""
    instructions: Mapping[str, tuple[FoundData, ...]]
    """By model: what its fine-tuning learns from beside tasks."""
    metrics: Mapping[str, tuple[FoundMetric, ...]]
    """By task."""
    software: Mapping[str, str]
    """Versions of packages, and of shapes of random weights that have one (`harness <shape>`)."""
    endpoints: Mapping[str, FoundEndpoint] = field(default_factory=dict)
    """By model that a server runs."""
    servers: Mapping[str, FoundServer] = field(default_factory=dict)
    """By model that a server is started for."""
    absent: tuple[str, ...] = ()
    """Data sets that have yet to be fetched: keys of what reads them are for the time being."""

    @cached_property
    def places(self) -> Places:
        """Where what was found lies, by its contents."""
        found = (*self.sources.values(), *self.templates.values(), *self.texts.values())
        files = {one.contents: one.path for one in found if isinstance(one, FoundFile)}
        parts = (part for parts in self.instructions.values() for part in parts)
        data = {one.contents: one.ref for one in (*self.data.values(), *parts)}
        metrics = (metric for metrics in self.metrics.values() for metric in metrics)
        return Places(files, data, {metric.code: metric.ref for metric in metrics})

    def to_json(self) -> str:
        """All of it."""
        return _JSON.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> Resolved:
        """What `to_json` wrote."""
        return _JSON.validate_json(text)


_JSON = TypeAdapter(Resolved)
