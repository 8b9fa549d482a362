"""Shares in percent, wherever a report shows them: the card, tables and charts say one figure."""

from __future__ import annotations

from harness.metrics.percent import shown
from harness.records import Summary


def in_percent(summary: Summary) -> Summary:
    """The summary whose descriptors show shares in percent."""
    tasks = {
        task: of.model_copy(
            update={"metrics": {name: shown(metric) for name, metric in of.metrics.items()}}
        )
        for task, of in summary.tasks.items()
    }
    return summary.model_copy(update={"tasks": tasks})
