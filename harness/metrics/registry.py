"""Every metric of the harness, collected from its families.

A metric has one name, one direction and one explanation everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.metrics import classification, conduct, divergence, rouge, served, speed, text, writing
from harness.metrics.metric import Answer, Metric
from harness.records import MetricDescriptor
from harness.suite.schema import TASK_TYPES

METRICS: dict[str, Metric] = {
    metric.name: metric
    for family in (classification, rouge, text, writing, conduct, divergence, speed, served)
    for metric in family.METRICS
}


def metrics_of(task_type: str) -> tuple[Metric, ...]:
    """The metrics that a type of task always has; the first is the headline."""
    return tuple(METRICS[name] for name in TASK_TYPES[task_type].metrics)


def scores_of(metrics: Iterable[Metric], answer: Answer) -> dict[str, float]:
    """The score that each of these metrics gives an answer, by name; none of those that give none."""
    return {metric.name: metric.score(answer) for metric in metrics if metric.score is not None}


def own_metric(descriptor: MetricDescriptor) -> Metric:
    """A metric that a suite names: one that is known here, or one of the user's own."""
    known = METRICS.get(descriptor.name) or Metric(**dict(descriptor))
    return known.model_copy(update={"own": True})
