"""Metrics of how far a model's next-token distributions lie from a reference's, and of likelihood.

Tokens are pooled over documents, and whole documents are resampled. What a sample holds of each
document is said in `harness.tasks.divergence`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from harness.metrics.columns import datum, lists
from harness.metrics.metric import Metric
from harness.metrics.quantile import PooledQuantile
from harness.metrics.statistic import FloatArray, Largest, Statistic, SumStatistic, ratio
from harness.records import Sample

MadeOf = Callable[[Sequence[Sample], Sequence[str]], Statistic]


def kl_divergence(p: FloatArray, q: FloatArray) -> FloatArray:
    """KL(p || q) in nats of each row (rows,) of log-probabilities (rows, vocabulary).

    Tokens that p rules out add nothing (0 log 0 = 0).
    """
    with np.errstate(invalid="ignore"):
        terms = np.subtract(p, q)
        terms *= np.exp(p)
    terms[np.isneginf(p)] = 0.0
    total: FloatArray = terms.sum(axis=1)
    return total


def _mean_kl(samples: Sequence[Sample], labels: Sequence[str]) -> SumStatistic:
    found = lists("kl", samples)
    sums = np.array([float(np.sum(values)) for values in found])
    return ratio(sums, np.array([float(len(values)) for values in found]))


def _kl_quantile(level: float) -> MadeOf:
    return lambda samples, labels: PooledQuantile.of(lists("kl", samples), level)


def _largest_kl(samples: Sequence[Sample], labels: Sequence[str]) -> Largest:
    return Largest(np.array([max(values, default=-np.inf) for values in lists("kl", samples)]))


def _per_token(
    sums: Callable[[Sequence[Sample]], FloatArray],
    scale: Callable[[FloatArray], FloatArray] = lambda figures: figures,
) -> MadeOf:
    return lambda samples, labels: ratio(sums(samples), datum("tokens", samples), scale)


def _bits_per_byte(samples: Sequence[Sample], labels: Sequence[str]) -> SumStatistic:
    return ratio(datum("nll", samples) / np.log(2), datum("bytes", samples))


_kl_metric = partial(Metric, unit="nats", higher_is_better=False, measures="change", format=".4f")
_ratio_metric = partial(Metric, kind="ratio")
KL_MEAN = _kl_metric(
    name="kl_mean",
    label="Mean KL divergence",
    kind="ratio",
    explanation="How far the next-token probabilities lie from the reference model's, on average "
    "over tokens; 0 is the same model, and it says how much changed, not whether for the worse.",
    made_of=_mean_kl,
)
PERPLEXITY_RATIO = _ratio_metric(
    name="perplexity_ratio",
    label="Perplexity ratio",
    higher_is_better=False,
    format=".4f",
    explanation="The model's perplexity divided by the reference model's on the same tokens; above "
    "1 the text surprises the model more. What both find hard cancels, so that its interval is far "
    "narrower than that of a perplexity.",
    made_of=_per_token(lambda found: datum("nll", found) - datum("reference_nll", found), np.exp),
)
METRICS = (
    KL_MEAN,
    _kl_metric(
        name="kl_median",
        label="Median KL divergence",
        kind="quantile",
        explanation="The KL divergence from the reference model that half of the tokens stay below: "
        "how much changed at an ordinary place, which a few bad places do not move.",
        made_of=_kl_quantile(0.5),
    ),
    _kl_metric(
        name="kl_p99",
        label="99th percentile of KL divergence",
        kind="quantile",
        explanation="The KL divergence from the reference model that one token in a hundred exceeds: "
        "how bad the bad places are.",
        made_of=_kl_quantile(0.99),
    ),
    _kl_metric(
        name="kl_max",
        label="Largest KL divergence",
        kind="maximum",
        explanation="The KL divergence at the one token where the model lies farthest from the "
        "reference; it has no interval, since resampling never shows a place worse than the worst "
        "that was seen (the bootstrap of a maximum is not valid), and it grows with the number of "
        "tokens.",
        made_of=_largest_kl,
    ),
    _ratio_metric(
        name="same_top1",
        label="Top-1 agreement",
        higher_is_better=True,
        measures="change",
        explanation="The share of tokens for which the model's most probable next token is also the "
        "reference model's.",
        made_of=_per_token(lambda samples: datum("same_top1", samples)),
    ),
    _ratio_metric(
        name="delta_p_mean",
        label="Mean change of the right token's probability",
        unit="pp",
        higher_is_better=True,
        measures="change",
        factor=100.0,
        explanation="How much more probable the model finds the token that really follows than the "
        "reference does, in percentage points, on average over tokens (llama-perplexity's mean Δp); "
        "what it gains in one place and loses in another cancels.",
        made_of=_per_token(lambda samples: datum("delta_p", samples)),
    ),
    _ratio_metric(
        name="delta_p_rms",
        label="RMS change of the right token's probability",
        unit="pp",
        higher_is_better=False,
        measures="change",
        factor=100.0,
        explanation="How much the probability of the token that really follows typically differs "
        "from the reference model's in either direction, in percentage points: the root of the mean "
        "square over tokens (llama-perplexity's RMS Δp).",
        made_of=_per_token(lambda samples: datum("delta_p_squared", samples), np.sqrt),
    ),
    _ratio_metric(
        name="perplexity",
        label="Perplexity",
        higher_is_better=False,
        format=".2f",
        explanation="Among how many equally likely tokens the model seems to choose at each step of "
        "a real text; comparable only between models that share a tokenizer.",
        made_of=_per_token(lambda samples: datum("nll", samples), np.exp),
    ),
    PERPLEXITY_RATIO,
    _ratio_metric(
        name="bits_per_byte",
        label="Bits per byte",
        unit="bits",
        higher_is_better=False,
        explanation="How many bits the model needs for each byte of a real text; unlike perplexity "
        "it can be compared between models with different tokenizers.",
        made_of=_bits_per_byte,
    ),
)
OF_PAIR = tuple(
    metric for metric in METRICS if metric.measures == "change" or metric is PERPLEXITY_RATIO
)
"""What these say of a model and its reference together."""
