"""What a reader must know of how a task was asked, and cannot see from its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.records import Cell
from harness.suite.schema import TaskSpec

_SYSTEM = {
    "user": "The chat template of {root} takes no system message: it stands in front of the first turn "
    "of the user.",
    "text": "{root} is asked without a chat template: the system message stands in front of the prompt.",
}
_SCORED = {
    "opened": "The chat template of {root} opens a thought: labels are scored behind an empty one. "
    "`ask: generate` lets it think.",
    "may": "{root} may think before it answers, and labels are scored as if it did not. "
    "`thinking: false` asks it to answer at once, `ask: generate` lets it think.",
}


def notes_on(
    task: TaskSpec, prompts: Mapping[str, Mapping[str, Any]], cells: Sequence[Cell]
) -> list[str]:
    """One sentence or two for each thing worth knowing.

    Args:
        task: as the suite has it.
        prompts: by root model, what the step that wrote its prompts found.
        cells: the task's.
    """
    scored = "choose" in task.needs
    found = []
    for root, outcome in prompts.items():
        said = [_SYSTEM.get(outcome.get("system", ""))]
        said += [_SCORED.get(outcome.get("thinks", ""))] if scored else []
        found += [text.format(root=root) for text in said if text]
    return [*found, *_thoughts(cells)]


def _thoughts(cells: Sequence[Cell]) -> Iterator[str]:
    for cell in cells:
        counted = cell.details.get("thoughts")
        if counted:
            said = (
                f"{cell.model} thought before {counted['answers']} of {cell.n} answers; thoughts are "
                "cut off before grading."
            )
            if counted["unfinished"]:
                said += (
                    f" {counted['unfinished']} of them did not end and left no answer: a larger "
                    "`max_new_tokens` gives them room."
                )
            yield said
