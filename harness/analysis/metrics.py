"""The value of every metric of a cell, and how sure it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from harness.analysis.bootstrapped import resampled
from harness.analysis.intervals import Interval, unseen, wilson
from harness.analysis.resampling import observed
from harness.analysis.shared import sorted_by_id
from harness.analysis.speed import timed_value
from harness.metrics.classification import labels_of
from harness.metrics.metric import Metric
from harness.records import Sample, Value


def compute_metrics(
    metrics: Iterable[Metric],
    samples: Sequence[Sample],
    seed: int,
    confidence: float = 0.95,
    extras: Mapping[str, float] | None = None,
    labels: Sequence[str] | None = None,
) -> dict[str, Value]:
    """The value and interval of every metric; the order of samples does not matter.

    Args:
        metrics: of the task that was asked.
        samples: one cell's samples.
        seed: of the bootstrap.
        confidence: of the two-sided intervals.
        extras: figures that samples do not hold (`load_seconds`, `peak_bytes`); what is absent is
            left out.
        labels: the labels of a classification; by default those that occur as targets.

    Raises:
        BadDataError: a sample lacks a score or a datum that a metric is made of.
    """
    ordered = sorted_by_id(samples)
    chosen = labels_of(ordered) if labels is None else tuple(labels)
    extras = extras or {}
    return {
        metric.name: _value(metric, ordered, chosen, seed, confidence, extras)
        for metric in metrics
        if metric.kind != "single" or metric.name in extras
    }


def _value(
    metric: Metric,
    samples: Sequence[Sample],
    labels: Sequence[str],
    seed: int,
    confidence: float,
    extras: Mapping[str, float],
) -> Value:
    if metric.kind == "single":
        return Value(value=extras[metric.name])
    defined = metric.defined(samples)
    if len(defined) < len(samples):
        found = _value(metric, defined, labels, seed, confidence, extras)
        return found.model_copy(update={"n": len(defined)})
    if not samples:
        return Value(value=None)
    if metric.is_timing:
        return timed_value(metric, samples, confidence)
    if metric.kind == "proportion":
        successes = float(metric.scores(samples).sum())
        share = successes / len(samples)
        return _with_interval(share, wilson(successes, len(samples), confidence))
    if metric.kind == "mean" and metric.bounded and len(samples) > 1:
        scores = metric.scores(samples)
        if np.ptp(scores) == 0:
            return _alike(float(scores[0]), len(samples), confidence)
    statistic = metric.statistic(samples, labels)
    point = observed(statistic)
    if not np.isfinite(point):
        return Value(value=None)
    if not metric.has_interval:
        return Value(value=point)
    interval = resampled(statistic, np.random.default_rng(seed), confidence)
    return _with_interval(point, interval)


def _alike(score: float, n: int, confidence: float) -> Value:
    """The mean of n equal scores between 0 and 1, to which a bootstrap would give no width.

    Of all examples at most a share `unseen` scores otherwise, and each of these at least 0, or 1.
    """
    share = unseen(n, (1 + confidence) / 2)
    return _with_interval(score, Interval(score - share * score, score + share * (1 - score)))


def _with_interval(value: float, interval: Interval) -> Value:
    return Value(value=value, low=interval.low, high=interval.high)
