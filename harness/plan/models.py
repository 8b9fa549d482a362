"""Steps that make models: source → finetune → merge → convert → quantize."""

from __future__ import annotations

from typing import Any, Literal

from harness.finetuning import ADAPTER_SETTINGS
from harness.plan.asking import asked_how
from harness.plan.begun import Begun
from harness.plan.cell_params import LoadOptions
from harness.plan.graph import ModelPlan
from harness.plan.lineage import lineage_of, permissions_of, seed_of
from harness.plan.params import (
    ExamplesParams,
    FinetuneParams,
    GgufParams,
    LearnedInstructions,
    LearnedSet,
    MergeParams,
    Params,
)
from harness.suite.lineage import Merge, ancestry, at_run_time, files_of, lender, merge_of, root_of
from harness.suite.schema import LEARNED_INSTRUCTIONS, FineTune, TaskSpec

WHAT_IS_LEARNED = {"tasks", "instructions", "limit", "seeds", "weights"}
"""Keys of a fine-tuning that its examples hold; the others are the recipe."""


class Making(Begun):
    """Adds the steps that make models."""

    def adapter(self, name: str) -> str:
        lent = lender(self.suite.spec.models, name)
        if lent is not None:
            return self.adapter(lent)
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

    def run_time_adapter(self, name: str) -> dict[str, str]:
        """Keys of the GGUFs of a model on which llama.cpp puts an adapter while it runs, by role."""
        below = self.spec(name).from_
        assert below is not None
        weights = self.spec(below).from_
        assert weights is not None
        parents = {"weights": self.weights(weights), "adapter": self.adapter(name)}
        label = f"convert the adapter of {name} to GGUF"
        adapter = self.add("adapter-gguf", label, Params(), parents, group=f"make {name}")
        return {"gguf": self.gguf(below), "adapter": adapter}

    def f16(self, name: str) -> str:
        """Key of the step that makes the F16 GGUF of a model's weights."""
        parents = {"weights": self.weights(name)}
        label = f"convert {name} to GGUF"
        return self.add("convert", label, GgufParams(type="F16"), parents, group=f"make {name}")

    def model(self, name: str) -> ModelPlan:
        spec, models = self.spec(name), self.suite.spec.models
        chain = ancestry(models, name)
        root = models[chain[0]]
        trained_on = spec.finetune.row.quantized if spec.finetune is not None else None
        quantize = trained_on or spec.quantize
        how = {
            "quantize": quantize,
            "dtype": spec.dtype,
            **spec.engine.model_dump(exclude_none=True),
        }
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
        elif at_run_time(models, name):
            engine, parts = "llamacpp", self.run_time_adapter(name)
        elif spec.has_adapter:
            parts = self.unmerged(name)
        else:
            parts["weights"] = self.weights(name)
        lent = lender(models, name)
        trained = [n for n in (*chain, *([lent] if lent else [])) if models[n].finetune is not None]
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
