"""The graph of a suite's steps."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.plan.cell_params import Connection, LoadOptions, Served, Serving, Starting
from harness.plan.params import FilesParams
from harness.plan.steps import Step
from harness.records import DataReading, LineageStep, Permission


@dataclass(frozen=True)
class ModelPlan:
    """How one model of the suite comes about, and what runs it.

    `parts` are the keys of the steps that its files come from: `weights` and perhaps `adapter`
    for Transformers, `gguf` for llama.cpp, either for a server that is started for it, none of what
    another server runs.
    """

    name: str
    root: str
    lineage: tuple[LineageStep, ...]
    engine: Literal["hf", "llamacpp", "endpoint"]
    parts: dict[str, str]
    options: LoadOptions
    synthetic: bool
    permissions: tuple[Permission, ...] = ()
    """What the suite allows of the files that it descends from."""
    replica_of: str = ""
    """The model whose fine-tuning this one repeats with another seed."""
    training: str = ""
    parity: str = ""
    """The step that holds its F16 GGUF against the weights."""
    merge_parity: str = ""
    """The step that holds its merged weights against base and adapter."""
    endpoint: Served | None = None
    connection: Connection | None = None
    serving: Serving | None = None
    starting: Starting | None = None
    checks: tuple[str, ...] = ()
    """The steps whose findings concern this model: these two, and those on what it is asked."""

    @property
    def key(self) -> str:
        """Of the files, or of the server, that answers."""
        if self.endpoint is not None:
            return self.endpoint.key
        files = next(reversed(self.parts.values()))
        if self.serving is None:
            return files
        return hashlib.sha256(f"{files} {self.serving.model_dump_json()}".encode()).hexdigest()


@dataclass(frozen=True)
class Precision:
    """What rounding to 16 bits alone changes in the reference of a divergence task.

    `step` is the key of the step that measures it; where there is none, `reason` says why.
    """

    step: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """All steps, each after its parents, and what they are for."""

    steps: dict[str, Step]
    """By key: what is made once, however many models and tasks need it."""
    models: dict[str, ModelPlan]
    cells: tuple[Step, ...]
    """What is asked; what is timed stands last, as its last round."""
    rounds: tuple[Step, ...]
    """The rounds of the timed cells but the last: first the first of every model, and so on."""
    prompts: dict[tuple[str, str], str]
    """(task, root model) -> key of the step that writes the prompts."""
    floors: dict[str, str]
    """Task -> key of the step that computes its floors."""
    precision: dict[str, Precision]
    """Divergence task -> what 16 bits alone change in its reference."""
    readings: dict[str, DataReading] = field(default_factory=dict)
    """Task -> what was read of its data."""
    learned: dict[str, tuple[DataReading, ...]] = field(default_factory=dict)
    """Model -> what was read of the instructions that it learns."""

    def permissions(self, key: str) -> dict[str, Any]:
        """What may be done with the files of a step: `model`, `code` and `pickle` of their entry.

        Merged weights bring their source's code along, and its permission with it.
        """
        step = self.steps[key]
        if step.kind == "merge":
            return self.permissions(step.parents["weights"])
        return step.params.permissions if isinstance(step.params, FilesParams) else {}

    def ancestors(self, *steps: Step) -> list[str]:
        """Keys of all steps that must be done before these, parents first; rounds left out."""
        found: dict[str, None] = {}

        def visit(at: Step) -> None:
            for parent in (*at.parents.values(), *at.after):
                if parent not in found and parent in self.steps:
                    visit(self.steps[parent])
                    found[parent] = None

        for step in steps:
            visit(step)
        return list(found)
