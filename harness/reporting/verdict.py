"""The verdict: the answer that someone who reads nothing else should get."""

from __future__ import annotations

from harness.records import Summary, Value
from harness.reporting.blocks import Block, Bullets, Callout, Line, Name, Prose, Strong
from harness.reporting.checks import callouts
from harness.reporting.claims import overlap
from harness.reporting.data import data_callouts
from harness.reporting.gates import gates, missed_gates
from harness.reporting.going_on import going_on_callouts
from harness.reporting.kinds import without_replicas
from harness.reporting.measures import floor_label, headline, label, quality_tasks, value_of, words
from harness.reporting.types.write import in_short
from harness.reporting.wording import fine_tuning, others, quantization

SYNTHETIC = (
    "The models or the data below are a small synthetic stand-in that shows the machinery, not "
    "the quality of any real model."
)


def verdict(summary: Summary) -> tuple[Block, ...]:
    """What the whole run says, for someone who reads nothing else."""
    blocks: list[Block] = []
    failed = sum(c.status == "failed" for c in summary.cells)
    if failed:
        line = f"{failed} of {len(summary.cells)} cells failed. What follows rests on the others."
        blocks.append(Callout("bad", (Strong(line),)))
    blocks.extend(callouts(summary))
    blocks.extend(data_callouts(summary))
    blocks.extend(going_on_callouts(summary))
    if is_synthetic(summary):
        blocks.append(Callout("unsure", (SYNTHETIC,)))
    for part in (fine_tuning(summary), quantization(summary), others(summary)):
        blocks.extend(part)
    blocks.extend(Prose(line) for line in in_short(without_replicas(summary)))
    if not summary.comparisons:
        blocks.append(Prose(("The suite compares no models, so no difference is judged here.",)))
    blocks.append(Prose(gates(summary)))
    missed = missed_gates(summary)
    blocks += [Bullets(tuple(missed))] if missed else []
    blocks.extend(Prose(line) for line in floors(summary))
    return tuple(blocks)


def is_synthetic(summary: Summary) -> bool:
    """Whether any model or task stands in for a real one."""
    return any(m.synthetic for m in summary.models.values()) or any(
        t.synthetic for t in summary.tasks.values()
    )


def floors(summary: Summary) -> list[Line]:
    """Lines that give the scale: what needs no language model reaches, task by task."""
    lines: list[Line] = []
    for task in quality_tasks(summary):
        metric = headline(summary.tasks[task])
        name = metric.name
        reached = {
            floor_label(floor): metrics[name]
            for floor, metrics in summary.tasks[task].floors.items()
            if name in metrics
        }
        best = [
            (value.value, model)
            for model in summary.models
            if (value := value_of(summary, model, task, name)) is not None
            and value.value is not None
        ]
        if not reached or not best:
            continue
        top = max(best, key=lambda pair: pair[0])[1]
        said = ", ".join(f"{floor} {words(metric, value)}" for floor, value in reached.items())
        lines.append(
            (
                f"For scale, {label(metric)} on ",
                Name(task),
                f": without any language model, {said}; the highest model, ",
                Name(top),
                f", {words(metric, value_of(summary, top, task, name))}"
                f"{_standing(value_of(summary, top, task, name), reached)}.",
            )
        )
    return lines


def _standing(top: Value | None, reached: dict[str, Value]) -> str:
    """How the highest model stands to the highest floor, where both have intervals."""
    floor, value = max(reached.items(), key=lambda pair: pair[1].value or 0.0)
    if top is None or top.value is None or value.value is None:
        return ""
    match overlap(top, value):
        case None:
            return ""
        case True:
            return f"; that is not clearly apart from {floor}"
        case _:
            return f"; that is {'above' if top.value > value.value else 'below'} {floor}"
