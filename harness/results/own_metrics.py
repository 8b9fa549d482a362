"""What is known of the metrics that a suite names: from the suite alone, so from results alone too."""

from __future__ import annotations

from collections.abc import Mapping

from harness.metrics.metric import Metric
from harness.metrics.registry import METRICS, metrics_of, own_metric
from harness.records import MetricSummary
from harness.suite.metrics import names_of
from harness.suite.schema import Graded, OwnMetric, TaskSpec, type_of

MEAN = "The mean of a score for each answer by itself."


def metric_summaries(task: TaskSpec) -> Mapping[str, MetricSummary]:
    """The metrics that a task asks for beside those of its type, by name, in their order."""
    found: dict[str, MetricSummary] = {}
    always = type_of(task).metrics
    for entry in task.metrics if isinstance(task, Graded) else []:
        if isinstance(entry, OwnMetric):
            found |= _own(entry)
        elif entry not in always:
            known = METRICS[entry]
            found[entry] = MetricSummary(
                label=known.label,
                higher_is_better=known.higher_is_better is not False,
                binary=known.kind == "proportion",
                explanation=known.explanation,
            )
    return found


def asked_metrics(task: TaskSpec) -> dict[str, Metric]:
    """All metrics of a task by name: those of its type first, then those that it names besides."""
    always = {metric.name: metric for metric in metrics_of(task.type)}
    return always | {name: own_metric(name, of) for name, of in metric_summaries(task).items()}


def _own(metric: OwnMetric) -> dict[str, MetricSummary]:
    names = names_of(metric)
    return {
        name: MetricSummary(
            label=_label(metric, name, len(names)),
            unit=metric.unit,
            higher_is_better=metric.better == "higher",
            binary=metric.binary,
            explanation=f"{_sentence(metric)} {MEAN}",
        )
        for name in names
    }


def _label(metric: OwnMetric, name: str, count: int) -> str:
    return metric.label if metric.label is not None and count == 1 else name


def _sentence(metric: OwnMetric) -> str:
    if metric.explanation is not None:
        return metric.explanation
    made = f"`{metric.python}`" if metric.python else f"the evaluate metric `{metric.evaluate}`"
    return f"A metric of this suite's own: {made}."
