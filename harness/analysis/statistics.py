"""From samples to something that can be resampled: which numbers each metric is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from harness.analysis.quantiles import PooledQuantile
from harness.analysis.resampling import FloatArray, Statistic, SumStatistic
from harness.errors import BadDataError
from harness.metrics.registry import METRICS
from harness.records import Sample

SCORES = frozenset({"accuracy", "unparsed", "rouge1", "rouge2", "rougeL", "rougeLsum", "truncated"})
SCORES |= {"chrf", "token_f1", "exact_match", "repetition", "empty"}
"""Metrics of the harness that are the mean of one score per example, each from 0 to 1."""
QUANTILES = {"kl_median": 0.5, "kl_p99": 0.99}
"""Metrics that are a quantile of the KL divergences of all tokens, and which."""


def scores_examples(name: str) -> bool:
    """Whether a metric is the mean of one score per example, as every metric of a user's own is."""
    return name in SCORES or name not in METRICS


def sorted_by_id(samples: Sequence[Sample]) -> list[Sample]:
    """Samples in an order that does not depend on when they were answered."""
    return sorted(samples, key=lambda sample: (sample.id, sample.index))


def labels_of(samples: Sequence[Sample]) -> tuple[str, ...]:
    """The labels that occur as targets, sorted."""
    return tuple(sorted({sample.target for sample in samples if sample.target is not None}))


def answer_codes(samples: Sequence[Sample], labels: Sequence[str]) -> npt.NDArray[np.intp]:
    """Position of each answer among `labels`; `len(labels)` where none was found (examples,)."""
    position = {label: index for index, label in enumerate(labels)}
    codes = [position.get(sample.answer or "", len(labels)) for sample in samples]
    return np.array(codes, dtype=np.intp)


def target_codes(samples: Sequence[Sample], labels: Sequence[str]) -> npt.NDArray[np.intp]:
    """Position of each target among `labels` (examples,).

    Raises:
        BadDataError: a sample's target is not one of the labels.
    """
    position = {label: index for index, label in enumerate(labels)}
    for sample in samples:
        if sample.target not in position:
            raise BadDataError(
                f'The target {sample.target!r} of example "{sample.id}" is not one of the labels '
                f"{', '.join(labels)}.",
                "Delete the cell's folder so that it is asked again.",
            )
    return np.array([position[sample.target or ""] for sample in samples], dtype=np.intp)


def score_column(name: str, samples: Sequence[Sample]) -> FloatArray:
    """One score of each sample (examples,).

    Raises:
        BadDataError: a sample does not have it.
    """
    return _numbers(name, samples, [sample.scores.get(name) for sample in samples])


def statistic_of(name: str, samples: Sequence[Sample], labels: Sequence[str] = ()) -> Statistic:
    """The metric as a function of how much each sample counts, in the order given.

    Args:
        name: any metric that is neither repeated, nor a maximum, nor measured once.
        labels: of a classification; only `macro_f1` looks at them.

    Raises:
        BadDataError: a sample lacks what the metric is made of.
    """
    if scores_examples(name):
        return _ratio(score_column(name, samples), np.ones(len(samples)))
    if name == "macro_f1":
        return _macro_f1(samples, labels)
    return _divergence(name, samples)


def largest_kl(samples: Sequence[Sample]) -> float:
    """The largest KL divergence of any token, in nats; NaN where no token was scored.

    Raises:
        BadDataError: a sample has no list of them.
    """
    return max((value for values in _kl_lists(samples) for value in values), default=float("nan"))


def _divergence(name: str, samples: Sequence[Sample]) -> Statistic:
    """A metric of a divergence task: of tokens pooled over documents, whole documents resampled."""
    if name in QUANTILES:
        return PooledQuantile.of(_kl_lists(samples), QUANTILES[name])
    if name == "kl_mean":
        sums = np.array([float(np.sum(values)) for values in _kl_lists(samples)])
        return _ratio(sums, np.array([float(len(values)) for values in _kl_lists(samples)]))
    tokens = _datum("tokens", samples)
    match name:
        case "same_top1":
            return _ratio(_datum("same_top1", samples), tokens)
        case "delta_p_mean":
            return _ratio(_datum("delta_p", samples), tokens)
        case "delta_p_rms":
            return _ratio(_datum("delta_p_squared", samples), tokens, np.sqrt)
        case "perplexity":
            return _ratio(_datum("nll", samples), tokens, np.exp)
        case "perplexity_ratio":
            change = _datum("nll", samples) - _datum("reference_nll", samples)
            return _ratio(change, tokens, np.exp)
        case "bits_per_byte":
            return _ratio(_datum("nll", samples) / np.log(2), _datum("bytes", samples))
        case _:
            raise ValueError(f"{name} cannot be resampled")


def _ratio(
    numerator: FloatArray,
    denominator: FloatArray,
    scale: Callable[[FloatArray], FloatArray] = lambda ratio: ratio,
) -> SumStatistic:
    """`scale` of a ratio of sums; a mean is the ratio of the scores to ones."""

    def finish(sums: FloatArray) -> FloatArray:
        return scale(sums[:, 0] / sums[:, 1])

    return SumStatistic(np.column_stack([numerator, denominator]), finish)


def _macro_f1(samples: Sequence[Sample], labels: Sequence[str]) -> SumStatistic:
    """F1 = 2 TP / (2 TP + FP + FN) of each label, 0 where a label neither occurs nor is given.

    Columns (examples, 3 x labels): whether the target, the answer, and both are each label.
    """
    codes = np.arange(len(labels))
    target = target_codes(samples, labels)[:, None] == codes
    answer = answer_codes(samples, labels)[:, None] == codes
    columns = np.hstack([target, answer, target & answer]).astype(np.float64)

    def finish(sums: FloatArray) -> FloatArray:
        targets, answers, hits = np.split(sums, 3, axis=1)
        occurs = targets + answers
        each = np.where(occurs > 0, 2 * hits / np.where(occurs > 0, occurs, 1.0), 0.0)
        mean: FloatArray = each.mean(axis=1)
        return mean

    return SumStatistic(columns, finish)


def _kl_lists(samples: Sequence[Sample]) -> list[list[float]]:
    lists = [sample.data.get("kl") for sample in samples]
    for sample, values in zip(samples, lists, strict=True):
        if not isinstance(values, list):
            raise _lacking("kl", sample)
    return [values for values in lists if isinstance(values, list)]


def _datum(name: str, samples: Sequence[Sample]) -> FloatArray:
    return _numbers(name, samples, [sample.data.get(name) for sample in samples])


def _numbers(name: str, samples: Sequence[Sample], values: Sequence[object]) -> FloatArray:
    numbers = []
    for sample, value in zip(samples, values, strict=True):
        if not isinstance(value, int | float):
            raise _lacking(name, sample)
        numbers.append(float(value))
    return np.array(numbers, dtype=np.float64)


def _lacking(name: str, sample: Sample) -> BadDataError:
    return BadDataError(
        f'The sample of example "{sample.id}" has no "{name}".',
        "Delete the cell's folder so that it is asked again.",
    )
