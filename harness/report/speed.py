"""How fast each model reads and writes, as a table and a chart."""

from __future__ import annotations

from harness.records import Summary
from harness.report import charts
from harness.report.blocks import Block, Chart, Prose
from harness.report.format import percent_level, sentence
from harness.report.measures import label, metric, task_metrics, tasks_of, value_of
from harness.report.tables import task_table


def speed_blocks(summary: Summary) -> list[Block]:
    """How fast each model reads and writes."""
    blocks: list[Block] = []
    for index, task in enumerate(tasks_of(summary, "speed"), start=1):
        level = percent_level(summary.confidence)
        said = (
            f"{sentence(summary.tasks[task].description)} Square brackets: {level} interval of the "
            "mean over the repetitions. Speeds hold for this machine and these settings; models "
            "on different engines also differ in what the engine does well."
        )
        blocks += [Prose((said,)), task_table(summary, task)]
        panels = [_speed_panel(summary, task, name) for name in task_metrics(summary, task)]
        svg = charts.bars([p for p in panels if p is not None])
        if svg is None:
            blocks.append(Prose(("Fewer than two models were timed: no chart.",)))
            continue
        description = (
            "Bar chart of decode and prefill speed in tokens per second, for each model, with "
            "the spread over repetitions. The table above holds the same figures."
        )
        caption = "Speed by model; lines are intervals of the mean over the repetitions"
        blocks.append(Chart(f"speed-{index}", caption, description, svg))
    return blocks


def _speed_panel(summary: Summary, task: str, name: str) -> charts.Panel | None:
    if not name.endswith("tokens_per_second"):
        return None
    points = [
        charts.Point(model, value.value, value.low, value.high)
        for model in summary.models
        if (value := value_of(summary, model, task, name)) is not None and value.value is not None
    ]
    return charts.Panel(f"{label(name)} ({metric(name).unit})", tuple(points))
