"""Which models may be recommended: those that gates judge, and what speaks against each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.records import GateVerdict, Summary
from harness.reporting.answer.record import Candidate, Obstacle, Rule
from harness.reporting.kinds import without_replicas
from harness.reporting.marks import in_doubt
from harness.reporting.measures import (
    cell_of,
    headline,
    metric_of,
    quality_tasks,
    timed_tasks,
    value_of,
)


def rule_of(summary: Summary) -> Rule:
    """What `prefer` in the suite says; by default the smallest."""
    return "fastest" if _spec(summary).get("prefer") == "fastest" else "smallest"


def candidates(summary: Summary) -> tuple[Candidate, ...]:
    """Every model that a gate judges, in the suite's order; a repeated fine-tuning counts once."""
    judged = {gate.candidate for gate in summary.gates}
    models = [model for model in without_replicas(summary).models if model in judged]
    asked = _graded(summary, {*models, *(gate.baseline for gate in summary.gates)})
    return tuple(_candidate(summary, model, asked) for model in models)


def ancestors(summary: Summary, model: str) -> tuple[str, ...]:
    """The models of the suite that this one was made from, the nearest first."""
    specs, found = _spec(summary).get("models", {}), dict[str, None]()
    at = _parent(specs.get(model))
    while at is not None and at not in found and at != model:
        found[at] = None
        at = _parent(specs.get(at))
    return tuple(found)


def _parent(spec: Any) -> str | None:
    found = spec.get("from") if isinstance(spec, dict) else None
    return found if isinstance(found, str) else None


def _spec(summary: Summary) -> dict[str, Any]:
    found = summary.suite.get("spec", {})
    return found if isinstance(found, dict) else {}


def _graded(summary: Summary, models: set[str]) -> list[str]:
    """The graded tasks that any of these models was asked."""
    asked = {cell.task for cell in summary.cells if cell.model in models}
    return [task for task in quality_tasks(summary) if task in asked]


def _candidate(summary: Summary, model: str, asked: list[str]) -> Candidate:
    own = tuple(gate for gate in summary.gates if gate.candidate == model)
    made_from = ancestors(summary, model)
    inherited = tuple(gate for gate in summary.gates if gate.candidate in made_from)
    found = tuple(_obstacles(summary, model, (own, inherited), asked))
    return Candidate(model, summary.models[model].bytes, own + inherited, found)


def _obstacles(
    summary: Summary,
    model: str,
    gates: tuple[tuple[GateVerdict, ...], tuple[GateVerdict, ...]],
    asked: list[str],
) -> Iterator[Obstacle]:
    own, inherited = gates
    needed = {*asked, *(gate.task for gate in own)}
    if failed := tuple(task for task in failed_tasks(summary, model) if task in needed):
        yield Obstacle("failed", failed)
    elif summary.models[model].error is not None:
        yield Obstacle("failed")
    if never := tuple(task for task in asked if cell_of(summary, model, task) is None):
        yield Obstacle("not asked", never)
    doubts = in_doubt(summary, "failed")
    held = dict.fromkeys((model, *(gate.baseline for gate in own)))
    if checks := tuple(dict.fromkeys(label for one in held for label in doubts.get(one, ()))):
        yield Obstacle("check", checks)
    if missed := tuple(gate for gate in (*own, *inherited) if gate.outcome == "not met"):
        yield Obstacle("not met", gates=missed)
    if unsure := tuple(gate for gate in (*own, *inherited) if gate.outcome == "undecided"):
        yield Obstacle("undecided", gates=unsure)
    if all(metric_of(summary, gate).measures == "cost" for gate in own):
        yield Obstacle("quality not gated")
    if not summary.models[model].bytes:
        yield Obstacle("size")
    if rule_of(summary) == "fastest" and not is_timed(summary, model):
        yield Obstacle("not timed")


def failed_tasks(summary: Summary, model: str) -> tuple[str, ...]:
    """The tasks that a model did not answer though it was asked."""
    of_model = (cell for cell in summary.cells if cell.model == model)
    return tuple(cell.task for cell in of_model if cell.status == "failed")


def is_timed(summary: Summary, model: str) -> bool:
    """Whether there is a speed to go by: of the first task that times."""
    return any(
        value_of(summary, model, task, headline(summary.tasks[task]).name) is not None
        for task in timed_tasks(summary)[:1]
    )
