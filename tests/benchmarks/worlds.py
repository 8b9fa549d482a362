"""Worlds that are as a sample task is: their truth has a closed form."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from scipy import stats

from harness.analysis.intervals import proportion, student_t, tango
from harness.analysis.resampling import DifferenceStatistic
from harness.analysis.timed import slowdown, welch
from harness.metrics.quantile import PooledQuantile
from harness.metrics.registry import METRICS
from harness.metrics.statistic import FloatArray, Statistic, SumStatistic
from harness.records import Sample
from tests.analysis.samples import timed
from tests.benchmarks.coverage import CONFIDENCE, Drawn, Found, Trial, interval_of, sample
from tests.benchmarks.labelled import THREE


def proportions(rng: np.random.Generator, n: int, _: FloatArray) -> Drawn:
    """One proportion, and a paired difference; shares differ from trial to trial."""
    share = rng.uniform(0.6, 0.97)
    gained, lost = rng.uniform(0.02, 0.1, size=2)
    counts = rng.multinomial(n, [gained, lost, 1 - gained - lost])
    return {
        "proportion (Wilson)": Found(share, proportion(int(rng.binomial(n, share)), n)),
        "difference of proportions (Tango)": Found(
            gained - lost, tango(int(counts[0]), int(counts[1]), n)
        ),
    }


def scored(scores: FloatArray) -> Statistic:
    return METRICS["rougeL"].statistic(
        [sample(scores={"rougeL": score}) for score in scores.tolist()]
    )


def rouge(rng: np.random.Generator, n: int, weights: FloatArray) -> Drawn:
    """Skewed scores, a sixth of them zero; half of the candidate's answers are the baseline's."""
    before = rng.beta(0.8, 4.0, n) * (rng.random(n) > 0.15)
    other = rng.beta(0.8, 5.0, n) * (rng.random(n) > 0.15)
    after = np.where(rng.random(n) < 0.5, before, other)
    means = 0.85 * 0.8 / 4.8, 0.85 * 0.8 / 5.8
    pair = DifferenceStatistic(scored(before), scored(after))
    return {
        "mean score (BCa)": Found(means[0], interval_of(pair.baseline, weights)),
        "difference of mean scores (BCa)": Found(
            (means[1] - means[0]) / 2, interval_of(pair, weights)
        ),
    }


WITHIN, BETWEEN = 1.2, 0.6
"""Standard deviations of the logarithm of a token's KL divergence, in and between documents."""


def divergence(rng: np.random.Generator, n: int, weights: FloatArray) -> Drawn:
    """Log-normal KL divergences of 5 to 40 tokens a document; documents differ.

    A document's factor times a token's is log-normal again, so that all figures have closed forms.
    """
    lengths = rng.integers(5, 41, n)
    document = np.repeat(np.arange(n), lengths)
    shared = BETWEEN * rng.normal(size=n)[document]
    first, second = rng.normal(size=(2, len(document)))
    before = _kl(0.02, shared + WITHIN * first)
    after = _kl(0.03, shared + WITHIN * (0.8 * first + 0.6 * second))
    ends = np.cumsum(lengths)[:-1]
    means = [_mean_kl(values, document, lengths) for values in (before, after)]
    cells = [[part.tolist() for part in np.split(values, ends)] for values in (before, after)]
    far = [PooledQuantile.of(lists, 0.99) for lists in cells]
    median = PooledQuantile.of(cells[0], 0.5)
    truth, far_truth = _kl_quantile(0.02, 0.5), _kl_quantile(0.02, 0.99)
    return {
        "mean KL (BCa)": Found(0.02, interval_of(means[0], weights)),
        "difference of mean KL (BCa)": Found(
            0.01, interval_of(DifferenceStatistic(*means), weights)
        ),
        "median KL (Woodruff)": Found(truth, interval_of(median, weights)),
        "99th percentile of KL (Woodruff)": Found(far_truth, interval_of(far[0], weights)),
        "difference of 99th percentiles (percentile)": Found(
            far_truth / 2, interval_of(DifferenceStatistic(*far), weights)
        ),
    }


def _kl(mean: float, logarithm: FloatArray) -> FloatArray:
    values: FloatArray = mean * np.exp(logarithm - (WITHIN**2 + BETWEEN**2) / 2)
    return values


def _mean_kl(values: FloatArray, document: np.ndarray, lengths: np.ndarray) -> SumStatistic:
    sums = np.bincount(document, values, minlength=len(lengths))
    return SumStatistic(
        np.column_stack([sums, lengths]).astype(np.float64), lambda sums: sums[:, 0] / sums[:, 1]
    )


@cache
def _kl_quantile(mean: float, level: float) -> float:
    variance = WITHIN**2 + BETWEEN**2
    return mean * float(np.exp(np.sqrt(variance) * stats.norm.ppf(level) - variance / 2))


def perplexity(rng: np.random.Generator, n: int, weights: FloatArray) -> Drawn:
    """Documents of 3 nats a token, some harder; the candidate needs 0.05 more, unevenly."""
    lengths = rng.integers(5, 61, n)
    reference = 3 * rng.gamma(lengths) * rng.gamma(8, 1 / 8, n)
    harder = 0.05 * rng.exponential(size=n)
    nll = reference + lengths * harder + np.sqrt(lengths) * rng.normal(0, 0.3, n)
    cells = [
        [
            sample(data={"tokens": t, "nll": x, "reference_nll": y})
            for t, x, y in zip(lengths.tolist(), values.tolist(), reference.tolist(), strict=True)
        ]
        for values in (reference, nll)
    ]
    before, after = (METRICS["perplexity"].statistic(cell) for cell in cells)
    pair = DifferenceStatistic(before, after)
    ratio = METRICS["perplexity_ratio"].statistic(cells[1])
    return {
        "perplexity (BCa)": Found(np.exp(3), interval_of(before, weights)),
        "difference of perplexities (BCa)": Found(
            np.exp(3.05) - np.exp(3), interval_of(pair, weights)
        ),
        "perplexity ratio (BCa)": Found(np.exp(0.05), interval_of(ratio, weights)),
    }


def timings(rng: np.random.Generator, n: int, _: FloatArray) -> Drawn:
    """n rounds of two models, 3% and 6% apart from round to round."""
    before, after = 100 * (1 + 0.03 * rng.normal(size=n)), 80 * (1 + 0.06 * rng.normal(size=n))
    difference = welch(before, after, CONFIDENCE, float(after.mean() - before.mean()))
    found = {
        "mean of rounds (Student)": Found(100.0, student_t(before)),
        "difference of timings (Welch)": Found(-20.0, difference.two_sided),
    }
    if n <= FEW_ROUNDS:
        slower = slowdown(METRICS["decode_tokens_per_second"], _rounds(before), _rounds(after))
        assert slower is not None
        interval = slower.two_sided
    else:
        delta = float(np.log(before.mean() / after.mean()))
        interval = welch(-np.log(before), -np.log(after), CONFIDENCE, delta).two_sided
    return found | {"ratio of timings (Welch, logarithms)": Found(np.log(100 / 80), interval)}


FEW_ROUNDS = 10
"""Up to so many, a ratio is asked of samples as the `speed` task writes them."""


def _rounds(speeds: FloatArray) -> list[Sample]:
    return timed(*([speed] for speed in speeds.tolist()))


WORLDS: Mapping[str, Trial] = {
    "proportions": proportions,
    "rouge": rouge,
    "macro F1": THREE.trial,
    "divergence": divergence,
    "perplexity": perplexity,
    "timings": timings,
}
UNSAMPLED = ("proportions", "timings")
"""Worlds whose intervals have closed forms."""
