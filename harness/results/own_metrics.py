"""What is known of the metrics that a suite names: from the suite alone, so from results alone too."""

from __future__ import annotations

from harness.metrics.metric import Metric
from harness.metrics.registry import METRICS, metrics_of, own_metric
from harness.records import MetricDescriptor
from harness.suite.metrics import names_of
from harness.suite.schema import Graded, OwnMetric, TaskSpec

MEAN = "The mean of a score for each answer by itself."


def asked_metrics(task: TaskSpec) -> dict[str, Metric]:
    """All metrics of a task by name: those of its type first, then those that it names besides."""
    found = {metric.name: metric for metric in metrics_of(task.type)}
    for entry in task.metrics if isinstance(task, Graded) else []:
        if isinstance(entry, OwnMetric):
            found |= {of.name: own_metric(of) for of in _described(entry)}
        elif entry not in found:
            found[entry] = own_metric(METRICS[entry])
    return found


def _described(metric: OwnMetric) -> list[MetricDescriptor]:
    names = names_of(metric)
    return [
        MetricDescriptor(
            name=name,
            label=_label(metric, name, len(names)),
            unit=metric.unit,
            higher_is_better=metric.better == "higher",
            kind="proportion" if metric.binary else "mean",
            explanation=f"{_sentence(metric)} {MEAN}",
        )
        for name in names
    ]


def _label(metric: OwnMetric, name: str, count: int) -> str:
    return metric.label if metric.label is not None and count == 1 else name


def _sentence(metric: OwnMetric) -> str:
    if metric.explanation is not None:
        return metric.explanation
    made = f"`{metric.python}`" if metric.python else f"the evaluate metric `{metric.evaluate}`"
    return f"A metric of this suite's own: {made}."
