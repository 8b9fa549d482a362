"""The graph of a suite's steps, and what it has to know of the machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from harness.plan.data import DataRef, InstructionRef
from harness.plan.kinds import Kind
from harness.plan.steps import Step
from harness.records import LineageStep, Permission
from harness.suite.metrics import MetricRef

RepoType = Literal["model", "space"]


class World(Protocol):
    """What the plan has to know of this machine; the runner's is `harness.runner.world`."""

    starter: Path
    data_dir: Path | None
    """Where the command line says that data sets lie."""

    def fingerprint(self, path: Path) -> str:
        """SHA-256 of the contents of a model folder, or of a file: a GGUF, an adapter, a text."""

    def commit(self, repo: str, revision: str, repo_type: RepoType = "model") -> str:
        """The commit of a repo on the Hub; "" where nobody can say, which its download will."""

    def metric_key(self, ref: MetricRef) -> str:
        """SHA-256 of a metric's code and of what it needs; of one on the Hub its commit says it."""

    def located(self, ref: DataRef) -> DataRef:
        """The same data set or instructions, with the files of this machine that hold them."""

    def dataset_key(self, ref: DataRef) -> str:
        """SHA-256 of a data set's contents and of the way it is put to a model."""

    def tested_elsewhere(self, learned: DataRef, tested: Sequence[DataRef]) -> tuple[str, ...]:
        """Ids of train examples of a data set whose text is tested in one of the others."""

    def instructions_key(self, ref: InstructionRef) -> str:
        """SHA-256 of the contents of a file of instructions."""

    def tested_instructions(
        self, learned: InstructionRef, tested: Sequence[DataRef]
    ) -> tuple[str, ...]:
        """Ids of the instructions that hold what is tested in one of the data sets."""

    def versions(self, kind: Kind, engine: str = "") -> dict[str, str]:
        """Versions of everything that has a say in what such a step gives."""


@dataclass(frozen=True)
class ModelPlan:
    """How one model of the suite comes about, and what runs it.

    `parts` are the keys of the steps that its files come from: `weights` and perhaps `adapter`
    for Transformers, `gguf` for llama.cpp.
    """

    name: str
    root: str
    lineage: tuple[LineageStep, ...]
    engine: Literal["hf", "llamacpp"]
    parts: dict[str, str]
    options: dict[str, Any]
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
    checks: tuple[str, ...] = ()
    """The steps whose findings concern this model: these two, and those on what it is asked."""


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

    def permissions(self, key: str) -> dict[str, Any]:
        """What may be done with the files of a step: `model`, `code` and `pickle` of their entry.

        Merged weights bring their source's code along, and its permission with it.
        """
        step = self.steps[key]
        if step.kind == "merge":
            return self.permissions(step.parents["weights"])
        if step.kind not in ("source", "fetch"):
            return {}
        allowed = {name: bool(step.params.get(name)) for name in ("code", "pickle")}
        return {"model": step.settings.get("model", ""), **allowed}

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
