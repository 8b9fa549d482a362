"""The verdict: the answer that someone who reads nothing else should get."""

from __future__ import annotations

from harness.records import Summary, Value
from harness.reporting.answer import answer, card
from harness.reporting.blocks import Block, Bullets, Callout, Line, Name, Prose, Strong, listed
from harness.reporting.checks import callouts
from harness.reporting.data import data_callouts
from harness.reporting.gates import gates, missed_gates
from harness.reporting.going_on import going_on_callouts
from harness.reporting.kinds import without_replicas
from harness.reporting.measures import (
    floor_label,
    headline,
    label,
    overlap,
    quality_tasks,
    value_of,
    words,
)
from harness.reporting.partial import partial_callouts
from harness.reporting.types.write import in_short


def verdict(summary: Summary) -> tuple[Block, ...]:
    """What the whole run says, for someone who reads nothing else."""
    blocks: list[Block] = [card(answer(summary))]
    failed = sum(c.status == "failed" for c in summary.cells)
    if failed:
        line = (
            f"{failed} of {len(summary.cells)} cells failed. All that is said rests on the others."
        )
        blocks.append(Callout("bad", (Strong(line),)))
    blocks.extend(partial_callouts(summary))
    blocks.extend(callouts(summary))
    blocks.extend(data_callouts(summary))
    blocks.extend(going_on_callouts(summary))
    blocks.extend(Prose(line) for line in in_short(without_replicas(summary)))
    if not summary.comparisons:
        blocks.append(Prose(("The suite compares no models, so no difference is judged here.",)))
    if missed := missed_gates(summary):
        blocks += [Prose(gates(summary)), Bullets(tuple(missed))]
    blocks.extend(Prose(line) for line in baselines(summary))
    return tuple(blocks)


def baselines(summary: Summary) -> list[Line]:
    """How the models of each task stand to the baselines that need no language model."""
    main, lines = without_replicas(summary), list[Line]()
    for task in quality_tasks(main):
        metric = headline(main.tasks[task])
        reached = {
            floor_label(floor): metrics[metric.name]
            for floor, metrics in main.tasks[task].floors.items()
            if metric.name in metrics and metrics[metric.name].value is not None
        }
        standings = _standings(main, task, metric.name, reached)
        if not reached or not any(standings.values()):
            continue
        said = ", ".join(f"{floor} {words(metric, value)}" for floor, value in reached.items())
        head: Line = (
            f"Baselines without a language model, {label(metric)} on ",
            Name(task),
            f": {said}.",
        )
        for standing, models in standings.items():
            head = (*head, f" {standing}: ", *listed(models), ".") if models else head
        lines.append(head)
    return lines


def _standings(
    summary: Summary, task: str, metric: str, reached: dict[str, Value]
) -> dict[str, list[str]]:
    """The models by how they stand to the baselines: below one, above all, or neither for sure."""
    found: dict[str, list[str]] = {}
    for model in summary.models:
        value = value_of(summary, model, task, metric)
        if value is not None:
            found.setdefault(_standing(value, reached), []).append(model)
    return dict(sorted(found.items(), key=lambda one: not one[0].startswith("Below")))


def _standing(value: Value, reached: dict[str, Value]) -> str:
    apart = {floor: overlap(value, of) is False for floor, of in reached.items()}
    below = [
        floor
        for floor, of in reached.items()
        if apart[floor] and (value.value or 0.0) < (of.value or 0.0)
    ]
    if below:
        return f"Below {' and '.join(below)}"
    if all(apart.values()):
        return "Above all"
    close = [floor for floor in reached if not apart[floor]]
    return f"Not clearly apart from {' and '.join(close)}"
