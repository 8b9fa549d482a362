"""How far each model's probabilities are from its reference's."""

from __future__ import annotations

from harness.records import Summary, TaskSummary
from harness.reporting.blocks import Block, Heading, Line, Name, Prose
from harness.reporting.measures import reference_tasks, task_metrics
from harness.reporting.tables import task_table


def fidelity_blocks(summary: Summary) -> list[Block]:
    """How far each model's probabilities are from its reference's."""
    blocks: list[Block] = []
    for task in reference_tasks(summary):
        reference = summary.tasks[task].reference or "its reference"
        found = task_metrics(summary, task)
        change = [name for name in found if summary.tasks[task].metric(name).measures == "change"]
        quality = [name for name in found if summary.tasks[task].metric(name).measures != "change"]
        said: Line = (
            "KL divergence measures how much a model's next-token probabilities changed from those "
            "of ",
            Name(reference),
            ", not in which direction: a fine-tuned model that got better and a quantized model "
            "that got worse can have the same figure (arXiv 2606.19558). Whether answers got better "
            "or worse is said by the graded tasks alone.",
        )
        if change:
            blocks += [Heading(f"{task}: how much changed, not in which direction"), Prose(said)]
            blocks.append(task_table(summary, task, "how much changed", change))
            blocks.append(Prose(_rounding(summary.tasks[task], reference)))
        if quality:
            blocks += [Heading(f"{task}: quality, as the right answers' probabilities show it")]
            blocks.append(task_table(summary, task, "quality", quality))
    return blocks


def _rounding(of: TaskSummary, reference: str) -> Line:
    """How a reader tells a change from what 16 bits alone bring about."""
    if "16-bit" in of.floors:
        return (
            "16-bit rounding is how far ",
            Name(reference),
            " in 16 bits lies from its own weights in 32, on the same documents: a divergence no "
            "larger than that is the arithmetic's, not the model's.",
        )
    reason = str(of.settings.get("16-bit rounding", "not measured"))
    return ("What 16 bits alone change in ", Name(reference), f" was {reason}.")
