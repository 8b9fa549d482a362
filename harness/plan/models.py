"""Steps that make models: source → finetune → merge → convert → quantize."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from harness.finetuning import ADAPTER_SETTINGS
from harness.plan.asking import asked_how
from harness.plan.cell_params import LoadOptions, Served
from harness.plan.graph import ModelPlan
from harness.plan.kinds import Kind
from harness.plan.lineage import lineage_of, permissions_of, seed_of
from harness.plan.params import (
    Chat,
    ExamplesParams,
    FetchParams,
    FinetuneParams,
    GgufParams,
    LearnedInstructions,
    LearnedSet,
    MergeParams,
    Params,
    RandomParams,
    SourceParams,
)
from harness.plan.resolved import FoundFile, Resolved
from harness.plan.steps import Step, make_step
from harness.plan.versions import versions
from harness.suite.lineage import Merge, ancestry, files_of, merge_of, root_of
from harness.suite.reader import Suite
from harness.suite.replicas import replica_of
from harness.suite.schema import LEARNED_INSTRUCTIONS, FineTune, ModelSpec, Shape, TaskSpec

What = Literal["weights", "adapter", "gguf"]
WHAT_IS_LEARNED = {"tasks", "instructions", "limit", "seeds", "weights"}
"""Keys of a fine-tuning that its examples hold; the others are the recipe."""


@dataclass
class Making:
    """Collects the steps that make models; one that two models share is there once."""

    suite: Suite
    resolved: Resolved
    limit: int | None
    steps: dict[str, Step] = field(default_factory=dict)
    models: dict[str, ModelPlan] = field(default_factory=dict)
    prompts: dict[tuple[str, str], str] = field(default_factory=dict)
    prompt_checks: dict[str, str] = field(default_factory=dict)
    """Root model -> key of the step that checks what its lineage is asked."""

    @cached_property
    def repeated(self) -> dict[str, str]:
        """Each replica's name, and the model whose fine-tuning it repeats."""
        return replica_of(self.suite.spec.models)

    def add(
        self,
        kind: Kind,
        label: str,
        params: Params,
        parents: Mapping[str, str],
        engine: str = "",
        **rest: Any,
    ) -> str:
        made_by = versions(kind, engine, self.resolved.software)
        step = make_step(kind, label, params, parents, made_by, **rest)
        return self.steps.setdefault(step.key, step).key

    def spec(self, name: str) -> ModelSpec:
        return self.suite.spec.models[name]

    def source(self, root: str) -> str:
        spec = self.spec(root)
        if isinstance(spec.source, Shape):
            name = spec.source.architecture
            seed = self.suite.spec.defaults.seed
            params = RandomParams(architecture=name, changed=spec.source.changed, seed=seed)
            label = f"draw random weights in the shape of {name}"
            return self.add("random", label, params, {}, name, group=f"draw {root}")
        what: What = "weights" if spec.source is not None else "gguf"
        text = str(spec.source or spec.gguf)
        return self.found(what, text, root)

    def found(self, what: What, text: str, name: str) -> str:
        """A step for the files of an entry: there already, or to be got from the Hub.

        What may be done with them is in its key.
        """
        found = self.resolved.sources[name]
        common: dict[str, Any] = {"what": what, "model": name, **self.spec(name).permissions}
        if isinstance(found, FoundFile):
            source = SourceParams(contents=found.contents, **common)
            return self.add("source", f"read {text}", source, {})
        if not found.commit:
            common |= {"revision": found.revision}
        params = FetchParams(repo=found.repo, file=found.file, commit=found.commit, **common)
        return self.add("fetch", f"get {text}", params, {}, group=f"get {found.repo}")

    def adapter(self, name: str) -> str:
        if self.spec(name).finetune is not None:
            return self.trained(name)
        return self.found("adapter", str(self.spec(name).adapter), name)

    def trained(self, name: str) -> str:
        """Key of the step that fine-tunes, and makes an adapter or weights."""
        spec = self.spec(name)
        assert spec.from_ is not None and spec.finetune is not None
        return self.finetuned(name, spec.from_, spec.finetune)

    def weights(self, name: str) -> str:
        """Key of the step that holds a model's weights in one piece."""
        merge = merge_of(self.suite.spec.models, name)
        if merge is not None:
            return self.merged(merge)
        return self.source(name) if self.spec(name).finetune is None else self.trained(name)

    def merged(self, merge: Merge) -> str:
        """Key of the step that merges an adapter into its base."""
        return self.add(
            "merge", f"merge {merge.words}", MergeParams(base_precision=merge.precision),
            self.unmerged(merge.model), group=f"make {merge.model}",
        )  # fmt: skip

    def unmerged(self, name: str) -> dict[str, str]:
        """Keys of the steps that hold base and adapter of a model, by role."""
        base = self.spec(name).from_
        assert base is not None
        return {"weights": self.weights(base), "adapter": self.adapter(name)}

    def finetuned(self, name: str, parent: str, finetune: FineTune) -> str:
        root = root_of(self.suite.spec.models, name)
        seed = seed_of(finetune, self.suite.spec.defaults.seed)
        examples = self.add(
            "examples",
            f"encode what {name} learns",
            ExamplesParams(
                sets=tuple(self.learned(task, finetune) for task in finetune.tasks),
                limit=finetune.limit if isinstance(finetune.limit, int) else None,
                seed=seed,
                plain=self.plain(root),
                **self.chat_params(root),
                **self.instructed(name),
            ),
            {"tokenizer": self.source(root)},
            group=f"prepare {root}",
        )
        unused = set() if finetune.row.makes == "adapter" else set(ADAPTER_SETTINGS)
        recipe = finetune.model_dump(exclude=WHAT_IS_LEARNED | unused, exclude_none=True)
        return self.add(
            "finetune",
            f"fine-tune {name} ({_method_words(finetune)})",
            FinetuneParams(**recipe | {"seed": seed}, **self.mixed(name, finetune)),
            {"weights": self.weights(parent), "examples": examples},
            engine=finetune.row.base,
            group=f"fine-tune {name}",
            after=self.prompt_check(name),
        )

    def mixed(self, name: str, finetune: FineTune) -> dict[str, Any]:
        """The parts of what a fine-tuning learns, and how often each is learned."""
        files = [one.ref["name"] for one in self.resolved.instructions.get(name, ())]
        found: dict[str, Any] = {"parts": (*finetune.tasks, *files)}
        if finetune.weights is not None:
            shared = finetune.weights.get(LEARNED_INSTRUCTIONS, 1.0)
            tasks = [finetune.weights.get(task, 1.0) for task in finetune.tasks]
            found["weights"] = (*tasks, *[shared] * len(files))
        return found

    def instructed(self, name: str) -> dict[str, Any]:
        """What a fine-tuning learns from files of instructions."""
        if name not in self.resolved.instructions:
            return {}
        found = self.resolved.instructions[name]
        parts = [LearnedInstructions(contents=one.contents, left_out=one.left_out) for one in found]
        return {"instructions": tuple(parts)}

    def learned(self, task: str, finetune: FineTune) -> LearnedSet:
        """What a fine-tuning learns of a data set: all of its train split that no task tests."""
        found = self.resolved.data[task]
        put: dict[str, Any] = _put(self.suite.spec.tasks[task])
        if found.left_out:
            put["left_out"] = found.left_out
        if isinstance(finetune.limit, dict) and task in finetune.limit:
            put["limit"] = finetune.limit[task]
        if self.suite.spec.tasks[task].leaves_out:
            put["too_long"] = True
        return LearnedSet(dataset=found.ref["name"], contents=found.contents, **put)

    def gguf(self, name: str) -> str:
        """Key of the step that makes a model's GGUF."""
        spec = self.spec(name)
        if spec.from_ is None:
            return self.source(name)
        f16 = self.f16(spec.from_)
        if spec.gguf == "F16":
            return f16
        return self.add(
            "quantize", f"quantize {spec.from_} to {spec.gguf}", GgufParams(type=spec.gguf),
            {"gguf": f16}, group=f"make {spec.from_}",
        )  # fmt: skip

    def f16(self, name: str) -> str:
        """Key of the step that makes the F16 GGUF of a model's weights."""
        parents = {"weights": self.weights(name)}
        label = f"convert {name} to GGUF"
        return self.add("convert", label, GgufParams(type="F16"), parents, group=f"make {name}")

    def asked(self, name: str) -> dict[str, str]:
        """Keys of the steps that write what a model's lineage is asked, by role."""
        root = root_of(self.suite.spec.models, name)
        tasks = [task for task in self.suite.spec.tasks if (task, root) in self.prompts]
        return {f"prompts.{task}": self.prompts[task, root] for task in tasks}

    def prompt_check(self, name: str) -> tuple[str, ...]:
        """Key of the step that checks what a model's lineage is asked, if anything."""
        root = root_of(self.suite.spec.models, name)
        return (self.prompt_checks[root],) if root in self.prompt_checks else ()

    def plain(self, root: str) -> bool:
        served = self.served(root)
        if served is not None:
            return served.api == "completions"
        return self.spec(root).chat_template == "none"

    def served(self, name: str) -> Served | None:
        """Where a model answers that a server runs."""
        given = self.spec(name).endpoint
        if given is None:
            return None
        found = self.resolved.endpoints[name]
        scoring: dict[str, Any] = {} if given.scoring == "auto" else {"scoring": given.scoring}
        return Served(url=given.url, model=given.model, api=found.api, says=found.says, **scoring)

    def chat_params(self, root: str) -> dict[str, Any]:
        """What a suite says of a lineage's chat template, as far as prompts depend on it."""
        spec, found = self.spec(root), dict[str, Any]()
        if spec.template_file is not None:
            found["template"] = self.resolved.templates[root].contents
        if spec.template_options is not None:
            found["options"] = spec.template_options
        if spec.thinking is not None:
            found["thinking"] = spec.thinking
        return {"chat": Chat(**found)} if found else {}

    def model(self, name: str) -> ModelPlan:
        spec, models = self.spec(name), self.suite.spec.models
        chain = ancestry(models, name)
        root = models[chain[0]]
        trained_on = spec.finetune.row.quantized if spec.finetune is not None else None
        quantize = trained_on or spec.quantize
        how = {"quantize": quantize, "dtype": spec.dtype, **spec.engine.model_dump()}
        training, parts = "", dict[str, str]()
        engine: Literal["hf", "llamacpp", "endpoint"] = "hf"
        if spec.endpoint is not None:
            engine = "endpoint"
        elif spec.serve is not None:
            of, engine = files_of(models, name), "endpoint"
            gguf = models[of].gguf is not None
            parts = {"gguf": self.gguf(of)} if gguf else {"weights": self.weights(of)}
        elif spec.gguf is not None:
            engine, parts["gguf"] = "llamacpp", self.gguf(name)
        elif spec.has_adapter:
            parts = self.unmerged(name)
        else:
            parts["weights"] = self.weights(name)
        trained = [n for n in chain if models[n].finetune is not None]
        if trained:
            training = self.trained(trained[-1])
        return ModelPlan(
            name=name,
            root=chain[0],
            lineage=lineage_of(self.suite.spec, name),
            engine=engine,
            parts=parts,
            options=LoadOptions() if spec.endpoint else LoadOptions(**how),
            replica_of=self.repeated.get(name, ""),
            permissions=permissions_of(models, name),
            synthetic=root.source == "starter" or root.weights is not None,
            training=training,
            endpoint=self.served(name),
            **asked_how(name, self.suite, self.resolved),
        )


def _put(task: TaskSpec) -> dict[str, str]:
    """How a task's examples are asked; what is learned has no shots."""
    return {key: value for key, value in task.put.items() if key != "shots_as"}


def _method_words(finetune: FineTune) -> str:
    rank = f", rank {finetune.rank}" if finetune.row.makes == "adapter" else ""
    return f"{finetune.row.label}{rank}"
