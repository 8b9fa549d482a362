"""Steps that ask models: prompts, floors, cells."""

from __future__ import annotations

from typing import Any

from harness.suite.graph import ModelPlan
from harness.suite.making import Making
from harness.suite.schema import AskedTask, DatasetTask, DivergenceTask, SpeedTask
from harness.suite.steps import Step, make_step


class Asking(Making):
    """Collects the steps that ask a suite's tasks."""

    def task_limit(self, task: AskedTask) -> int | None:
        if self.limit is not None:
            return self.limit
        return task.limit if task.limit is not None else self.suite.spec.defaults.limit

    def task_seed(self, task: AskedTask | SpeedTask) -> int:
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
        if isinstance(task, SpeedTask) and model.replica_of:
            return None
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
