"""Shares in percent, wherever a report shows them: the card, tables and charts say one figure."""

from __future__ import annotations

from harness.records import MetricDescriptor, Summary


def in_percent(summary: Summary) -> Summary:
    """The summary whose descriptors show shares in percent."""
    tasks = {
        task: of.model_copy(
            update={"metrics": {name: shown(metric) for name, metric in of.metrics.items()}}
        )
        for task, of in summary.tasks.items()
    }
    return summary.model_copy(update={"tasks": tasks})


def shown(of: MetricDescriptor) -> MetricDescriptor:
    """A metric as it is shown: a share that has no unit is a percentage."""
    if of.kind != "proportion" or of.unit:
        return of
    return of.model_copy(update={"factor": 100.0, "unit": "%", "format": ".1f"})
