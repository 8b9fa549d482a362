"""From a suite to its graph of steps: pure, from names and fingerprints alone.

source → finetune → merge → convert → quantize          artifacts
source → prompts, examples;  floors                      what is asked and learned
(artifact, prompts) → cell                               what is answered
artifact → round → … → round → cell                      what is timed, the models in turn
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from harness.suite.lineage import ancestry, resolve, root_of
from harness.suite.reader import Suite
from harness.suite.rounds import in_turn, rounds_of
from harness.suite.schema import (
    ClassifyTask,
    DatasetTask,
    DivergenceTask,
    FineTune,
    ModelSpec,
    SpeedTask,
    SummarizeTask,
)
from harness.suite.steps import Kind, Step, make_step
from harness.suite.words import describe, lineage_words, method_words


class World(Protocol):
    """What the plan has to know of this machine; the runner's is `harness.runner.world`."""

    starter: Path

    def fingerprint(self, path: Path) -> str:
        """SHA-256 of the contents of a model folder or file."""

    def dataset_key(self, name: str) -> str:
        """SHA-256 of a data set's contents and of the way it is put to a model."""

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
    description: str
    lineage: tuple[str, ...]
    engine: Literal["hf", "llamacpp"]
    parts: dict[str, str]
    options: dict[str, Any]
    synthetic: bool
    training: str = ""
    parity: str = ""


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

    def ancestors(self, step: Step) -> list[str]:
        """Keys of all steps that a step needs, parents first."""
        found: dict[str, None] = {}

        def visit(at: Step) -> None:
            for parent in at.parents.values():
                if parent not in found:
                    visit(self.steps[parent])
                    found[parent] = None

        visit(step)
        return list(found)


@dataclass
class _Builder:
    """Collects steps; one that two models share is there once."""

    suite: Suite
    world: World
    limit: int | None
    steps: dict[str, Step] = field(default_factory=dict)
    models: dict[str, ModelPlan] = field(default_factory=dict)
    prompts: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(
        self,
        kind: Kind,
        label: str,
        params: Mapping[str, Any],
        parents: Mapping[str, str],
        engine: str = "",
        **rest: Any,
    ) -> str:
        versions = self.world.versions(kind, engine)
        step = make_step(kind, label, params, parents, versions, **rest)
        return self.steps.setdefault(step.key, step).key

    # Models

    def spec(self, name: str) -> ModelSpec:
        return self.suite.spec.models[name]

    def source_path(self, spec: ModelSpec) -> Path:
        if spec.source == "starter":
            return self.world.starter
        return resolve(str(spec.source or spec.gguf), self.suite.folder)

    def file(self, what: str, path: Path, label: str) -> str:
        """A step for files that are there already."""
        params = {"what": what, "contents": self.world.fingerprint(path)}
        return self.add("source", label, params, {}, settings={"path": str(path)})

    def source(self, root: str) -> str:
        spec = self.spec(root)
        what = "weights" if spec.source is not None else "gguf"
        label = f"read {spec.source or spec.gguf}"
        return self.file(what, self.source_path(spec), label)

    def adapter(self, name: str) -> str:
        spec = self.spec(name)
        assert spec.from_ is not None
        if spec.finetune is not None:
            return self.finetuned(name, spec.from_, spec.finetune)
        path = resolve(str(spec.adapter), self.suite.folder)
        return self.file("adapter", path, f"read {spec.adapter}")

    def weights(self, name: str) -> str:
        """Key of the step that holds a model's weights in one piece."""
        spec = self.spec(name)
        if spec.from_ is None:
            return self.source(name)
        parents = {"weights": self.weights(spec.from_), "adapter": self.adapter(name)}
        dequantized = spec.finetune is not None and spec.finetune.method == "qlora"
        params = {"base_precision": "dequantized" if dequantized else "full"}
        return self.add("merge", f"merge {name}", params, parents, group=f"make {name}")

    def finetuned(self, name: str, parent: str, finetune: FineTune) -> str:
        root, defaults = root_of(self.suite.spec.models, name), self.suite.spec.defaults
        seed = defaults.seed if finetune.seed is None else finetune.seed
        sets = []
        for task_name in finetune.tasks:
            task = self.suite.spec.tasks[task_name]
            assert isinstance(task, DatasetTask)
            sets.append({"dataset": task.dataset, "contents": self.world.dataset_key(task.dataset)})
        examples = self.add(
            "examples",
            f"encode what {name} learns",
            {"sets": sets, "limit": finetune.limit, "seed": seed, "plain": self.plain(root)},
            {"tokenizer": self.source(root)},
            group=f"prepare {root}",
        )
        recipe = finetune.model_dump(exclude={"tasks", "limit"}) | {"seed": seed}
        return self.add(
            "finetune",
            f"fine-tune {name} ({method_words(finetune)})",
            recipe,
            {"weights": self.weights(parent), "examples": examples},
            engine=finetune.method,
            group=f"fine-tune {name}",
        )

    def gguf(self, name: str) -> tuple[str, str]:
        """Keys of the steps that make a model's GGUF and that check the F16 one.

        The second is empty where the suite asks nothing to check it on.
        """
        spec = self.spec(name)
        if spec.from_ is None:
            return self.source(name), ""
        group, weights = f"make {spec.from_}", self.weights(spec.from_)
        f16 = self.add(
            "convert", f"convert {spec.from_} to GGUF", {"type": "F16"}, {"weights": weights},
            group=group,
        )  # fmt: skip
        root = root_of(self.suite.spec.models, name)
        asked = {f"prompts.{t}": key for (t, r), key in self.prompts.items() if r == root}
        parity = "" if not asked else self.add(
            "parity", f"check the GGUF of {spec.from_}", {},
            {"weights": weights, "gguf": f16, **asked}, group=group,
            settings={"against": f"the weights of {spec.from_}"},
        )  # fmt: skip
        if spec.gguf == "F16":
            return f16, parity
        quantized = self.add(
            "quantize", f"quantize {spec.from_} to {spec.gguf}", {"type": spec.gguf},
            {"gguf": f16}, group=group,
        )  # fmt: skip
        return quantized, parity

    def plain(self, root: str) -> bool:
        return self.spec(root).chat_template == "none"

    def model(self, name: str) -> ModelPlan:
        spec, models = self.spec(name), self.suite.spec.models
        chain = ancestry(models, name)
        root = models[chain[0]]
        quantize = "nf4" if spec.finetune and spec.finetune.method == "qlora" else spec.quantize
        options = {"quantize": quantize, "dtype": spec.dtype, **spec.engine.model_dump()}
        training, parity, parts = "", "", {}
        if spec.gguf is not None:
            parts["gguf"], parity = self.gguf(name)
        elif spec.from_ is not None:
            parts = {"weights": self.weights(spec.from_), "adapter": self.adapter(name)}
        else:
            parts["weights"] = self.source(name)
        trained = [n for n in chain if models[n].finetune is not None]
        if trained:
            training = self.adapter(trained[-1])
        return ModelPlan(
            name=name,
            root=chain[0],
            description=describe(spec),
            lineage=tuple(lineage_words(models, chain)),
            engine="llamacpp" if spec.gguf is not None else "hf",
            parts=parts,
            options=options,
            synthetic=root.source == "starter",
            training=training,
            parity=parity,
        )

    # Tasks

    def task_limit(self, task: DatasetTask) -> int | None:
        if self.limit is not None:
            return self.limit
        return task.limit if task.limit is not None else self.suite.spec.defaults.limit

    def task_seed(self, task: DatasetTask | SpeedTask) -> int:
        return self.suite.spec.defaults.seed if task.seed is None else task.seed

    def ask(self, name: str, task: DatasetTask, root: str) -> None:
        params = {
            "dataset": task.dataset,
            "contents": self.world.dataset_key(task.dataset),
            "limit": self.task_limit(task),
            "seed": self.task_seed(task),
            "shots": task.shots,
            "plain": self.plain(root),
        }
        self.prompts[name, root] = self.add(
            "prompts", f"encode {name} for {root}", params, {"tokenizer": self.source(root)},
            group=f"prepare {root}", task=name,
        )  # fmt: skip

    def floor(self, name: str, task: DatasetTask) -> str:
        params = {
            "dataset": task.dataset,
            "contents": self.world.dataset_key(task.dataset),
            "limit": self.task_limit(task),
            "seed": self.task_seed(task),
        }
        label = f"what {name} needs no model for"
        return self.add("floors", label, params, {}, group="floors", task=name)

    def cell(self, model: ModelPlan, name: str) -> Step | None:
        """The cell of a model and a task, or None where the two do not go together."""
        task = self.suite.spec.tasks[name]
        parents = dict(model.parts)
        params: dict[str, Any] = {
            "task": task.model_dump(exclude={"limit", "seed", "shots", "dataset"}),
            "options": model.options,
            "seed": self.task_seed(task),
        }
        versions = [model.engine, "adapter" * ("adapter" in model.parts), model.options["quantize"]]
        if isinstance(task, DatasetTask):
            params["task"]["dataset"] = task.dataset
            parents["prompts"] = self.prompts[name, model.root]
            parents["tokenizer"] = self.source(model.root)
        if isinstance(task, DivergenceTask):
            reference = self.models[task.reference]
            if reference.root != model.root:
                return None
            parents |= {f"reference.{role}": key for role, key in reference.parts.items()}
            params["reference_options"] = reference.options
            del params["task"]["reference"]
            versions.append(reference.engine)
        engine = " ".join(sorted({version for version in versions if version}))
        return make_step(
            "cell",
            f"ask {model.name}: {name}",
            params,
            parents,
            self.world.versions("cell", engine),
            group=f"ask {model.name}",
            model=model.name,
            task=name,
        )


def make_plan(suite: Suite, world: World, limit: int | None = None) -> Plan:
    """The plan of a suite.

    Args:
        suite: checked.
        world: this machine.
        limit: examples per task, in place of the suite's own limits.
    """
    builder = _Builder(suite, world, limit)
    tasks, models = suite.spec.tasks, suite.spec.models
    roots = list(dict.fromkeys(root_of(models, name) for name in models))
    for root in roots:
        for name, task in tasks.items():
            if isinstance(task, DatasetTask):
                builder.ask(name, task, root)
    floors = {
        name: builder.floor(name, task)
        for name, task in tasks.items()
        if isinstance(task, ClassifyTask | SummarizeTask)
    }
    builder.models.update({name: builder.model(name) for name in models})
    # Divergence comes last in a worker, since it loads a second model.
    order = sorted(tasks, key=lambda name: isinstance(tasks[name], DivergenceTask))
    cells = [
        cell
        for model in builder.models.values()
        for name in order
        if (cell := builder.cell(model, name)) is not None
    ]
    asked = [cell for cell in cells if not cell.is_timing]
    rounds = [
        rounds_of(cell, task) for cell in cells if isinstance(task := tasks[cell.task], SpeedTask)
    ]
    return Plan(
        builder.steps,
        builder.models,
        (*asked, *(steps[-1] for steps in rounds)),
        in_turn([steps[:-1] for steps in rounds]),
        builder.prompts,
        floors,
    )
