"""Steps that make models: source → finetune → merge → convert → quantize, and their checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.suite.graph import ModelPlan, World
from harness.suite.lineage import ancestry, resolve, root_of
from harness.suite.reader import Suite
from harness.suite.replicas import replica_of
from harness.suite.schema import DatasetTask, FineTune, ModelSpec
from harness.suite.steps import Kind, Step, make_step
from harness.suite.words import describe, lineage_words, method_words


@dataclass
class Making:
    """Collects the steps that make models; one that two models share is there once."""

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
        seed = finetune.seeds[0] if finetune.seeds else finetune.seed
        seed = defaults.seed if seed is None else seed
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
        recipe = finetune.model_dump(exclude={"tasks", "limit", "seeds"}) | {"seed": seed}
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
            replica_of=replica_of(models).get(name, ""),
            synthetic=root.source == "starter",
            training=training,
            parity=parity,
        )
