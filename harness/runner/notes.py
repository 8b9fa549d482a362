"""What a reader must know of how a task was asked, and cannot see from its settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.records import Cell
from harness.suite.schema import TaskSpec, type_of

_SYSTEM = {
    "user": "The chat template of {root} takes no system message: it stands in front of the first turn "
    "of the user.",
    "text": "{root} is asked without a chat template: the system message stands in front of the prompt.",
}
_SCORED = {
    "opened": "The chat template of {root} opens a thought: {what} are scored behind an empty one.",
    "may": "{root} may think before it answers, and {what} are scored as if it did not. "
    "`thinking: false` asks it to answer at once.",
}
_WRITTEN = "`ask: generate` lets it think."


def notes_on(
    task: TaskSpec, prompts: Mapping[str, Mapping[str, Any]], cells: Sequence[Cell]
) -> list[str]:
    """One sentence or two for each thing worth knowing.

    Args:
        task: as the suite has it.
        prompts: by root model, what the step that wrote its prompts found.
        cells: the task's.
    """
    found = []
    what = "choices" if type_of(task).own_choices else "labels"
    for root, outcome in prompts.items():
        said = [_SYSTEM.get(outcome.get("system", ""))]
        thinks = _SCORED.get(outcome.get("thinks", "")) if "choose" in task.needs else None
        if thinks is not None:
            said.append(f"{thinks} {_WRITTEN}" if "ask" in task.settings() else thinks)
        found += [text.format(root=root, what=what) for text in said if text]
        found += _continued(root, what, outcome)
    return [*found, *_beside(cells), *_thoughts(cells)]


def _continued(root: str, what: str, outcome: Mapping[str, Any]) -> Iterator[str]:
    """Of which choices one goes on from another, and what was done about it."""
    pair, scored = outcome.get("continued"), outcome.get("scored_by", {})
    if not pair:
        return
    said = f"Of the {what} that {root} is asked, `{pair[1]}` goes on from `{pair[0]}`"
    if "end" not in scored:
        by = next(iter(scored), "sum")
        never = (
            ", and can never be the likelier one by" if by == "sum" else "; they are compared by"
        )
        yield f"{said}{never} `score: {by}`."
        return
    count, of = scored["end"], sum(scored.values())
    where = "" if count == of else f", in the {count} of {of} questions that have such {what}"
    yield (
        f"{said}, which the sum of log-probabilities could never find likelier: that the answer ends there "
        f"is scored, too{where} (`score`)."
    )


def _beside(cells: Sequence[Cell]) -> Iterator[str]:
    for cell in cells:
        if parts := cell.engine.get("beside"):
            yield (
                f"The files of {cell.model} hold parts that no text passes through, which play no part "
                f"here: {', '.join(parts)} (tensors)."
            )


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
