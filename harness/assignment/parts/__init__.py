"""The named parts of a report: what `{{ show.NAME }}` stands for in a template."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.assignment.parts.demo import answers_written, examples, rule, tallies
from harness.assignment.parts.limits import limits
from harness.assignment.parts.outcome import before_after, forest_plot, quantizations, verdict
from harness.assignment.parts.setup import commands, machine, models, software, suite_file, tasks
from harness.assignment.parts.speed import speed
from harness.assignment.parts.training import cost, hyperparameters, loss_curve, training
from harness.assignment.source import Source
from harness.reporting.blocks import Block

PARTS: Mapping[str, Callable[[Source], Sequence[Block]]] = {
    "answer": verdict,
    "answers_written": answers_written,
    "before_after": before_after,
    "commands": commands,
    "cost": cost,
    "examples": examples,
    "forest_plot": forest_plot,
    "hyperparameters": hyperparameters,
    "limits": limits,
    "loss_curve": loss_curve,
    "machine": machine,
    "models": models,
    "quantizations": quantizations,
    "rule_of_examples": rule,
    "software": software,
    "speed": speed,
    "suite_file": suite_file,
    "tallies": tallies,
    "tasks": tasks,
    "training": training,
}
"""By name; a part that the results have nothing for is empty. `checklist` is one besides."""
