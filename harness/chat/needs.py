"""How much memory a model's process will take, told before it is started."""

from __future__ import annotations

from harness.disk import bytes_in
from harness.estimate.facts import Facts, UnknownError
from harness.estimate.inference import HF_LIBRARIES, LLAMA_LIBRARIES, Ask
from harness.estimate.machine import Machine, this_machine
from harness.estimate.need import Memory, need
from harness.estimate.steps import Needs
from harness.plan.graph import ModelPlan
from harness.runner.run import Prepared

TALK = Ask("generate", prompts=1, prompt_tokens=2048, new_tokens=512)
"""A conversation of middle length."""


class Estimates:
    """Of the models of one plan, on this machine."""

    def __init__(self, prepared: Prepared, machine: Machine | None = None) -> None:
        machine = machine or this_machine(prepared.artifacts.home, probe=False)
        self._prepared = prepared
        self._needs = Needs(Facts(prepared, machine, may_ask=False))

    def of(self, model: ModelPlan) -> Memory:
        """At its peak; where its shape is not known, its files and the libraries."""
        try:
            return self._needs.model(model.parts, model.options).moments(TALK).peak
        except UnknownError:
            libraries = LLAMA_LIBRARIES if "gguf" in model.parts else HF_LIBRARIES
            return Memory(need({"files": self._files(model), "libraries": libraries}))

    def _files(self, model: ModelPlan) -> int:
        """Bytes of a model's files."""
        steps = [self._prepared.plan.steps[key] for key in model.parts.values()]
        return sum(bytes_in(self._prepared.artifacts.file(step)) for step in steps)
