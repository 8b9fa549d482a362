"""Steps that ask models: prompts, floors, cells, and what 16 bits alone change in a reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.capabilities import CAPABILITIES, refusal
from harness.errors import InputError
from harness.plan.cell_params import CellParams, GradedBy, PrecisionParams, asked_part
from harness.plan.checks import Checking
from harness.plan.graph import ModelPlan, Precision
from harness.plan.params import FetchParams, Fit, FloorsParams, PromptsParams
from harness.plan.resolved import FoundMetric
from harness.plan.steps import Step, make_step
from harness.plan.versions import versions
from harness.suite.lineage import root_of
from harness.suite.schema import TaskSpec, task_of, type_of


class CellSteps(Checking):
    """Collects the steps that ask a suite's tasks."""

    def task_limit(self, task: TaskSpec) -> int | None:
        if self.limit is not None:
            return self.limit
        return task.own_limit if task.own_limit is not None else self.suite.spec.defaults.limit

    def task_seed(self, task: TaskSpec) -> int:
        return self.suite.spec.defaults.seed if task.seed is None else task.seed

    def ask(self, name: str, task: TaskSpec, root: str) -> None:
        """Adds what a task asks the models of one lineage."""
        params: dict[str, Any] = {}
        if type_of(task).drawn and not task.named:
            params = {"limit": self.task_limit(task), "seed": self.task_seed(task)}
        if task.named:
            given = list(task.named.items())
            params |= {"prompts": tuple(given[: self.limit]), "available": len(given)}
        if task.asked_of:
            params["asked_of"] = task.asked_of
        if task.data is not None:
            found = self.resolved.data[name]
            params |= {
                "dataset": found.ref["name"],
                "contents": found.contents,
                "shots": task.data.shots,
            }
        if task.windows is not None:
            text = self.resolved.texts[name]
            params |= {"text": text.contents, "window": task.windows.tokens}
        elif type_of(task).of_documents and task.named:
            params["passages"] = True
        else:
            params |= {"plain": self.plain(root), **task.put, **task.ending}
            params |= self.chat_params(root)
        if self.suite.spec.defaults.mismatch == "allow":
            params["mismatch"] = "allow"
        parents: dict[str, str] = {}
        if self.served(root) is not None:
            params["served"] = True
        else:
            parents["tokenizer"] = self.source(root)
        if task.leaves_out:
            params |= self._fits(task, root, parents)
        self.prompts[name, root] = self.add(
            "prompts", f"encode {name} for {root}", PromptsParams(**params), parents,
            group=f"prepare {root}", task=name,
        )  # fmt: skip

    def _fits(self, task: TaskSpec, root: str, parents: dict[str, str]) -> dict[str, Any]:
        """Whom every example of a task must fit; adds their tokenizers to the parents.

        All that are asked the task, so that they answer the same examples; of one that holds models
        against a reference, the lineage alone.
        """
        models = self.suite.spec.models
        asked: dict[str, int] = {}
        for model, spec in models.items():
            of, context = root_of(models, model), spec.engine.context
            alone = task.held_against is not None
            if self.served(of) is None and task.asks(model) and (of == root or not alone):
                asked[of] = min((size for size in (asked.get(of, 0), context) if size), default=0)
        fits = []
        for place, (of, context) in enumerate(asked.items()):
            role = "tokenizer" if of == root else f"fit.{place}"
            parents[role] = self.source(of)
            chat = self.chat_params(of)
            fits.append(Fit(role=role, plain=self.plain(of), context=context, **chat))
        behind, new_tokens = "target", 0
        if "choose" in task.needs:
            behind = "choices"
        elif "generate" in task.needs:
            behind, new_tokens = "answer", int(getattr(task, "max_new_tokens", 0))
        if not fits:
            return {}
        found = {"fits": tuple(fits), "fit_names": tuple(asked), "behind": behind}
        return found | ({"new_tokens": new_tokens} if new_tokens else {})

    def floor(self, name: str, task: TaskSpec) -> str:
        found = self.resolved.data[name]
        params = FloorsParams(
            dataset=found.ref["name"],
            contents=found.contents,
            limit=self.task_limit(task),
            seed=self.task_seed(task),
        )
        label = f"what {name} needs no model for"
        of_task = [key for (of, _), key in self.prompts.items() if of == name]
        parents = {"prompts": of_task[0]} if task.leaves_out and of_task else {}
        return self.add("floors", label, params, parents, group="floors", task=name)

    def cell(self, model: ModelPlan, name: str) -> Step | None:
        """The cell of a model and a task, or None where the two do not go together."""
        task = self.suite.spec.tasks[name]
        of = type_of(task)
        if (of.timed and model.replica_of) or not task.asks(model.replica_of or model.name):
            return None
        self._check_capabilities(model, name)
        parents = dict(model.parts)
        part, more = asked_part(task), dict[str, Any]()
        before = list(self.checks_before(model, asked=of.asked))
        if name in self.suite.spec.added and model.root in self.added_checks:
            before = [self.added_checks[model.root]]
        uses = [model.engine, "adapter" * ("adapter" in model.parts), model.options.quantize]
        if of.graded:
            part["dataset"] = self.resolved.data[name].ref["name"]
        if task.held_against is not None:
            reference = self.models[task.held_against]
            if reference.root != model.root:
                return None
            parents |= {f"reference.{role}": key for role, key in reference.parts.items()}
            more["reference_options"] = reference.options
            before += [key for key in self.checks_before(reference) if key not in before]
            uses.append(reference.engine)
        if of.asked:
            parents["prompts"] = self.prompts[name, model.root]
            if model.endpoint is None:
                parents["tokenizer"] = self.source(model.root)
        if model.endpoint is not None:
            more |= {"endpoint": model.endpoint, "connection": model.connection}
        if model.serving is not None:
            more |= {"serving": model.serving, "starting": model.starting}
            more["connection"] = model.connection
        engine = " ".join(sorted({word for word in (*uses, task.type) if word}))
        made_by = versions("cell", engine, self.resolved.software)
        step = make_step(
            "cell",
            f"ask {model.name}: {name}",
            CellParams(
                task=task_of(part), options=model.options, seed=self.task_seed(task), **more
            ),
            parents,
            made_by,
            group=f"ask {model.name}",
            model=model.name,
            task=name,
            after=tuple(before),
        )
        return self.graded(step, made_by)

    def _check_capabilities(self, model: ModelPlan, name: str) -> None:
        """Refuses a task that wants more than the model's engine can do, before anything runs."""
        lacking = sorted(self.suite.spec.tasks[name].needs - CAPABILITIES[model.engine])
        if lacking:
            what = f"The task `{name}` of the model `{model.name}`"
            raise InputError(*refusal(what, model.engine, lacking[0]))

    def graded(self, step: Step, made_by: Mapping[str, str]) -> Step:
        """A cell with the metrics that its task names: another key, and the answers keep theirs."""
        metrics = self.resolved.metrics.get(step.task, ())
        if not metrics:
            return step
        made = tuple(
            GradedBy(
                names=one.ref.names,
                figures=one.ref.figures,
                config=one.ref.config,
                args=dict(one.ref.args),
                code=one.code,
            )
            for one in metrics
        )
        refs = tuple(one.ref.unplaced for one in metrics)
        params = step.params.model_copy(update={"metrics": made, "refs": refs, "answers": step.key})
        got = {one.ref.role: self.metric(one) for one in metrics if one.ref.repo}
        return make_step(
            "cell", step.label, params, {**step.parents, **got}, made_by,
            group=step.group, model=step.model, task=step.task, after=step.after,
        )  # fmt: skip

    def metric(self, found: FoundMetric) -> str:
        """A step that gets a metric's code from the Hub."""
        ref = found.ref
        more = {} if found.commit else {"revision": ref.revision}
        params = FetchParams(what="metric", repo=ref.repo, file="", commit=found.commit, **more)
        label = f"get the metric {ref.repo}"
        return self.add("fetch", label, params, {}, group=f"get {ref.repo}")

    def precision(self, name: str, task: TaskSpec) -> Precision | None:
        """The step that holds a reference in 16 bits against itself in 32, or why there is none;
        None of a task that has no reference."""
        if task.held_against is None:
            return None
        reference = self.models[task.held_against]
        sixteen = reference.options
        exact = sixteen.model_copy(update={"dtype": "float32", "quantize": None})
        parents = {"prompts": self.prompts[name, reference.root]}
        parents |= {f"reference.{role}": key for role, key in reference.parts.items()}
        if sixteen.quantize is not None:
            return Precision(reason=f"{reference.name} is itself quantized ({sixteen.quantize})")
        if "gguf" in reference.parts:
            made = self.steps[reference.parts["gguf"]]
            if made.kind == "source":
                return Precision(
                    reason=f"the weights that {reference.name} was made from are not in the suite"
                )
            if made.kind != "convert":
                return Precision(reason=f"{reference.name} is itself quantized")
            parents["weights"] = made.parents["weights"]
        else:
            parents |= reference.parts
            if sixteen.dtype not in ("bfloat16", "float16"):
                sixteen = sixteen.model_copy(update={"dtype": "bfloat16"})
        words = ["hf", task.type, reference.engine, "adapter" * ("adapter" in parents)]
        return Precision(
            self.add(
                "precision",
                f"measure what 16 bits change in {reference.name}: {name}",
                PrecisionParams(exact=exact, sixteen=sixteen, seed=self.task_seed(task)),
                parents,
                " ".join(sorted(set(words) - {""})),
                group=f"measure {name}",
                task=name,
            )
        )
