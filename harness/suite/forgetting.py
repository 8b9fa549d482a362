"""Adds to a suite what is asked before and after each of its fine-tunings, and adapters of others, unless it says not to."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from harness.suite.lineage import is_tuned
from harness.suite.schema import (
    ComplyTask,
    Forgetting,
    InstructTask,
    PerplexityTask,
    RefuseTask,
    SuiteSpec,
    TaskSpec,
)
from harness.suite.schema.forgetting import Probe

NAMES: Mapping[Probe, str] = {
    "text": "general-text",
    "instructions": "instructions",
    "harmful": "harmful-requests",
    "harmless": "harmless-requests",
}
"""What the added tasks are called, unless a suite has a task of that name."""


def with_forgetting(spec: SuiteSpec) -> SuiteSpec:
    """A suite with the tasks that show what its fine-tunings broke, behind its own."""
    asked = _before_and_after(spec)
    wanted = dict.fromkeys(spec.forgetting.tasks)
    if not asked or not wanted:
        return spec
    added = {
        _free(NAMES[probe], spec.tasks): _task(probe, asked, spec.forgetting) for probe in wanted
    }
    made = spec.model_copy(update={"tasks": {**spec.tasks, **added}})
    made.note_added(added)
    return made


def _before_and_after(spec: SuiteSpec) -> list[str]:
    """Every model that training made, and the one that it is made from, in the suite's order."""
    tuned = {name: of.from_ for name, of in spec.models.items() if is_tuned(spec.models, name)}
    return [name for name in spec.models if name in tuned or name in tuned.values()]


def _task(probe: Probe, models: list[str], given: Forgetting) -> TaskSpec:
    match probe:
        case "text":
            return PerplexityTask(type="perplexity", models=models, text=given.text)
        case "instructions":
            return InstructTask(type="instruct", models=models)
        case "harmful":
            return RefuseTask(type="refuse", models=models)
        case "harmless":
            return ComplyTask(type="comply", models=models)


def _free(name: str, taken: Mapping[str, TaskSpec]) -> str:
    numbered = (f"{name}-{number}" for number in itertools.count(2))
    return next(one for one in itertools.chain([name], numbered) if one not in taken)
