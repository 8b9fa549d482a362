"""What a cell asks its model, in the terms that `harness.estimate` reckons with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from harness.estimate.facts import Asked
from harness.estimate.inference import Ask
from harness.estimate.need import MIB
from harness.estimate.pace import Work, asking_work
from harness.estimate.shape import Shape
from harness.plan.steps import Step
from harness.suite.schema import SpeedTask

BLOCK_BYTES = 32 * MIB
MOST_ROWS = 256
"""Of a block of a divergence task (`harness.tasks.divergence`)."""


def ask_of(step: Step, asked: Mapping[str, Asked], vocabulary: int, mean: bool = False) -> Ask:
    """What a cell, a round or a `precision` step asks.

    Args:
        asked: by the step that writes the prompts.
        vocabulary: ids of the model.
        mean: prompts of mean length, for time; else of the greatest, for memory.
    """
    if step.is_timing:
        kind: Literal["choose", "generate"] = "choose" if "gguf" in step.parents else "generate"
        return _longest_timed(SpeedTask.model_validate(step.params["task"]), kind)
    found = asked[step.parents["prompts"]]
    length = found.longest if not mean else round(found.tokens / max(1, found.prompts))
    task = step.params.get("task", {"type": "divergence"})
    if task["type"] == "divergence":
        rows = max(1, min(MOST_ROWS, BLOCK_BYTES // (4 * vocabulary)))
        return Ask("distributions", found.prompts, length, rows=rows)
    shared = min(found.shared, length - 1)
    if not writes(task):
        return Ask("choose", found.prompts, length, shared, scored=found.scored)
    written = int(task.get("max_new_tokens") or 0)
    return Ask("generate", found.prompts, length, shared, new_tokens=written)


def writes(task: Mapping[str, Any]) -> bool:
    """Whether answers to a task are written, and not scored or read."""
    if task["type"] == "classify":
        return task.get("ask") == "generate"
    return task["type"] not in ("divergence", "speed")


def speed_work(step: Step, shape: Shape, weight_bytes: float) -> Work:
    """Of the repetitions that fall to a round of a timed cell, or to the cell as its last round."""
    task = SpeedTask.model_validate(step.params["task"])
    number = int(step.settings.get("round", len(task.shares)))
    repetitions = task.shares[number - 1] + 1
    total = Work(0.0)
    for depth in task.depths:
        for tokens in task.prompt_tokens:
            one = asking_work(shape, Ask("choose", 1, tokens + depth, depth), weight_bytes, 1)
            total += Work(repetitions * one.operations)
        for width in task.batch_sizes:
            ask = Ask("generate", width, depth + 1, depth, new_tokens=task.new_tokens)
            one = asking_work(shape, ask, weight_bytes, width)
            total += Work(
                repetitions * one.operations,
                repetitions * one.read_bytes,
                repetitions * one.layers,
            )
    return total


def _longest_timed(task: SpeedTask, kind: Literal["choose", "generate"]) -> Ask:
    """Sequences as long as any that is timed; llama.cpp makes a context for no more of them."""
    length = max(task.depths) + max(*task.prompt_tokens, task.new_tokens)
    return Ask(kind, max(task.batch_sizes), length)
