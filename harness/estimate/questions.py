"""What a cell asks its model, and what its process has loaded to grade the answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from harness.estimate.inference import Ask, GgufModel, HfModel
from harness.estimate.need import MIB
from harness.estimate.work import Work, asking_work
from harness.plan.steps import Step
from harness.suite.schema import SpeedTask

BLOCK_BYTES = 32 * MIB
MOST_ROWS = 256
"""Of a block of a divergence task (`harness.tasks.divergence`)."""
STATISTICS = {"hf": 108 * MIB, "llamacpp": 152 * MIB}
"""Bootstrap, intervals, agreement: scipy and scikit-learn. Measured, as what follows, in fresh processes
(Python 3.11, scikit-learn 1.7, scipy 1.16, torch 2.13); Transformers has some of it already."""
TOKENIZER = {"hf": 12 * MIB, "llamacpp": 280 * MIB}
"""Of what was written: Transformers' tokenizers, and torch with them."""
ROUGE = DIVERGENCE = 25 * MIB


def ask_of(step: Step, asked: Ask | None, vocabulary: int) -> Ask:
    """What a cell, a round or a `precision` step asks.

    Args:
        asked: what its prompts are; None of what is timed.
        vocabulary: ids of the model.
    """
    if asked is None:
        # Sequences as long as any that is timed; llama.cpp makes a context for no more of them.
        speed = SpeedTask.model_validate(step.params["task"])
        length = max(speed.depths) + max(*speed.prompt_tokens, speed.new_tokens)
        kind = "choose" if "gguf" in step.parents else "generate"
        return Ask(kind, max(speed.batch_sizes), length)  # type: ignore[arg-type]
    task = step.params.get("task", {"type": "divergence"})
    if task["type"] == "divergence":
        rows = max(1, min(MOST_ROWS, BLOCK_BYTES // (4 * vocabulary)))
        return replace(asked, kind="distributions", shared_tokens=0, rows=rows)
    asked = replace(asked, shared_tokens=min(asked.shared_tokens, asked.prompt_tokens - 1))
    if not writes(task):
        return asked
    return replace(
        asked, kind="generate", new_tokens=int(task.get("max_new_tokens") or 0), scored=1
    )


def writes(task: Mapping[str, Any]) -> bool:
    """Whether answers to a task are written, and not scored or read."""
    if task["type"] == "classify":
        return task.get("ask") == "generate"
    return task["type"] not in ("divergence", "speed")


def grading_bytes(engine: str, tasks: Iterable[Mapping[str, Any]]) -> int:
    """What a process has loaded beside its engine after these tasks; it stays until the process ends."""
    asked = list(tasks)
    kinds = {task["type"] for task in asked}
    total = STATISTICS[engine] if kinds - {"divergence"} else DIVERGENCE
    total += TOKENIZER[engine] if any(map(writes, asked)) else 0
    return total + (ROUGE if "summarize" in kinds else 0)


def speed_work(step: Step, model: HfModel | GgufModel) -> Work:
    """Of the repetitions that fall to a round of a timed cell, or to the cell as its last round."""
    task = SpeedTask.model_validate(step.params["task"])
    number = int(step.settings.get("round", len(task.shares)))
    once = Work()
    for depth in task.depths:
        for tokens in task.prompt_tokens:
            once += asking_work(model, Ask("choose", 1, tokens + depth, depth))
        for width in task.batch_sizes:
            ask = Ask("generate", width, depth + 1, depth, new_tokens=task.new_tokens)
            once += asking_work(model, ask, slots=width)
    times = task.shares[number - 1] + 1
    return Work(times * once.operations, times * once.read_bytes, times * once.layers)
