"""Steps that check whether a model is what it should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness.runner.jobs import Progress, Task

PARITY_PROMPTS = 8
"""Prompts of each task that a GGUF is checked on."""


def parity(task: Task, out: Path, threads: int, progress: Progress) -> dict[str, Any]:
    """An F16 GGUF against the weights it was converted from."""
    from harness.models.parity import check_parity
    from harness.tasks.prompts import PromptSet

    prompts = out / "prompts.jsonl"
    with prompts.open("w") as stream:
        for role, folder in sorted(task.inputs.items()):
            if role.startswith("prompts."):
                for prompt in PromptSet.read(Path(folder)).prompts[:PARITY_PROMPTS]:
                    row = {"text": prompt.text, "ids": prompt.ids}
                    stream.write(f"{json.dumps(row)}\n")
    weights, gguf = Path(task.inputs["weights"]), Path(task.inputs["gguf"])
    found = check_parity(weights, gguf, prompts, out / "parity.json")
    return {**found.model_dump(mode="json"), "against": task.step.settings["against"]}
