"""What a plan begins with: the graph that is collected, sources, and how a lineage is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from harness.plan.cell_params import Served
from harness.plan.graph import ModelPlan
from harness.plan.kinds import Kind
from harness.plan.params import (
    Chat,
    FetchParams,
    Params,
    RandomParams,
    SourceParams,
)
from harness.plan.resolved import FoundFile, Resolved
from harness.plan.steps import Step, make_step
from harness.plan.versions import versions
from harness.suite.lineage import root_of
from harness.suite.reader import Suite
from harness.suite.replicas import replica_of
from harness.suite.schema import ModelSpec, Shape

What = Literal["weights", "adapter", "gguf"]


@dataclass
class Begun:
    """Collects steps; one that two models share is there once."""

    suite: Suite
    resolved: Resolved
    limit: int | None
    steps: dict[str, Step] = field(default_factory=dict)
    models: dict[str, ModelPlan] = field(default_factory=dict)
    prompts: dict[tuple[str, str], str] = field(default_factory=dict)
    prompt_checks: dict[str, str] = field(default_factory=dict)
    """Root model -> key of the step that checks what its lineage is asked by the suite's own tasks."""
    added_checks: dict[str, str] = field(default_factory=dict)
    """The same of the tasks that show what a fine-tuning broke: they change no other check."""

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

    def asked(self, name: str, added: bool = False) -> dict[str, str]:
        """Keys of the steps that write what a model's lineage is asked, by role.

        Args:
            name: of the model.
            added: by the tasks that the suite does not name, in place of those that it does.
        """
        root, spec = root_of(self.suite.spec.models, name), self.suite.spec
        wanted = [task for task in spec.tasks if (task in spec.added) == added]
        tasks = [task for task in wanted if (task, root) in self.prompts]
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
