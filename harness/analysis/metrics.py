"""The value of every metric of a cell, and how sure it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness.analysis.bootstrapped import resampled
from harness.analysis.intervals import Interval, clopper_pearson, proportion, unseen
from harness.analysis.resampling import observed
from harness.analysis.shared import repeated, sorted_by_id
from harness.analysis.speed import timed_value
from harness.metrics.classification import labels_of
from harness.metrics.metric import Metric
from harness.records import Sample, Value

FEW_OF_A_LABEL = 10
"""Below so many examples of a label its F1 is a matter of single answers."""


def compute_metrics(
    metrics: Iterable[Metric],
    samples: Sequence[Sample],
    seed: int,
    confidence: float = 0.95,
    extras: Mapping[str, float] | None = None,
    labels: Sequence[str] | None = None,
    one_sided: bool = False,
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
        one_sided: each bound is read by itself: those of a proportion are exact then.

    Raises:
        BadDataError: a sample lacks a score or a datum that a metric is made of.
    """
    ordered = sorted_by_id(samples)
    chosen = labels_of(ordered) if labels is None else tuple(labels)
    extras = extras or {}
    return {
        metric.name: _value(metric, ordered, chosen, seed, confidence, extras, one_sided)
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
    one_sided: bool,
) -> Value:
    if metric.kind == "single":
        return Value(value=extras[metric.name])
    defined = metric.defined(samples)
    if len(defined) < len(samples):
        found = _value(metric, defined, labels, seed, confidence, extras, one_sided)
        return found.model_copy(update={"n": len(defined)})
    if not samples:
        return Value(value=None)
    if metric.is_timing:
        return timed_value(metric, samples, confidence)
    if metric.kind == "proportion":
        successes = float(metric.scores(samples).sum())
        share, of_share = successes / len(samples), clopper_pearson if one_sided else proportion
        return _with_interval(share, of_share(successes, len(samples), confidence), samples)
    statistic = metric.statistic(samples, labels)
    point = observed(statistic)
    if not np.isfinite(point):
        return Value(value=None)
    if not metric.has_interval:
        return Value(value=point)
    interval = resampled(statistic, np.random.default_rng(seed), confidence)
    level = (1 + confidence) / 2
    if metric.kind == "f1":
        interval = over_labels(interval, point, samples, labels, level)
    elif interval.approximate == "alike" and metric.bounded:
        interval = _alike(point, len(samples), level)
    return _with_interval(point, interval, samples)


def _alike(score: float, n: int, level: float) -> Interval:
    """Of the mean of n equal scores between 0 and 1, to which a bootstrap would give no width.

    Of all examples at most a share `unseen` scores otherwise, and each of these at least 0, or 1.
    """
    share = unseen(n, level)
    return Interval(score - share * score, score + share * (1 - score))


def over_labels(
    found: Interval, f1: float, samples: Sequence[Sample], labels: Sequence[str], level: float
) -> Interval:
    """The interval of a macro F1: with a width where all are right or none, approximate where labels are rare."""
    if found.low is None:
        return found
    due = Counter(sample.target for sample in samples)
    fewest = min(due.values())
    if found.approximate == "alike":
        found = _all_or_none(f1, fewest, len(due), level)
    if fewest < FEW_OF_A_LABEL or len(due) < len(labels):
        return replace(found, approximate="rare-labels")
    return found


def _all_or_none(score: float, fewest: int, labels: int, level: float) -> Interval:
    """Of a macro F1 of 1 or 0, where all answers are right or none is.

    What a share m of wrong answers that were not seen changes most is the rarest label, of which m is
    largest: its own F1 falls from 1 to 2 (1 - m) / (2 - m), that of the label that is answered instead
    (at least as frequent) to 2 / (2 + m). Of right answers that were not seen it rises to 2 m / (1 + m).
    """
    m = unseen(fewest, level)
    if score > 0.5:
        return Interval(1 - (m / (2 - m) + m / (2 + m)) / labels, 1.0)
    return Interval(0.0, 2 * m / (1 + m) / labels)


def _with_interval(value: float, interval: Interval, samples: Sequence[Sample]) -> Value:
    doubt = interval.approximate or ("repeated" if repeated(samples) else None)
    return Value(value=value, low=interval.low, high=interval.high, approximate=doubt)
