"""How often an interval holds the truth: worlds whose truth is known in closed form, asked many times.

Each world draws one cell (or two that are paired) of n examples and gives the harness's own
intervals of it. Resampling weights are drawn anew every few trials and shared by the figures of
those, as the harness shares them among the figures of a suite by its seed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy import stats

from harness.analysis.bootstrapped import bootstrap_interval, share_above, woodruff
from harness.analysis.intervals import Interval, student_t, tango, wilson
from harness.analysis.resampling import DifferenceStatistic
from harness.analysis.timed import slowdown, welch
from harness.metrics.quantile import PooledQuantile
from harness.metrics.registry import METRICS
from harness.metrics.statistic import FloatArray, Statistic, SumStatistic
from harness.records import Sample
from tests.analysis.samples import timed

CONFIDENCE = 0.95
TRIALS_A_DRAW = 20
"""Trials that share their resampling weights."""


@dataclass(frozen=True)
class Found:
    """One interval of one trial, and what it should hold."""

    truth: float
    interval: Interval


Drawn = Mapping[str, Found]
Trial = Callable[[np.random.Generator, int, FloatArray], Drawn]


@dataclass(frozen=True)
class Coverage:
    """How often the truth lay below, within and above the intervals of one figure."""

    trials: int = 0
    below: int = 0
    above: int = 0
    none: int = 0

    @property
    def share(self) -> float:
        """Of the intervals that were given, those that held the truth."""
        return 1 - (self.below + self.above) / (self.trials - self.none)

    def __add__(self, other: Coverage) -> Coverage:
        return Coverage(
            self.trials + other.trials,
            self.below + other.below,
            self.above + other.above,
            self.none + other.none,
        )

    @classmethod
    def of(cls, found: Found) -> Coverage:
        """Of one trial."""
        low, high = found.interval.low, found.interval.high
        if low is None or high is None:
            return cls(1, none=1)
        return cls(1, below=int(found.truth < low), above=int(found.truth > high))


def simulate(trial: Trial, n: int, trials: int, resamples: int, seed: int) -> dict[str, Coverage]:
    """Asks a world `trials` times; figures by name."""
    rng = np.random.default_rng(seed)
    counted: dict[str, Coverage] = {}
    for weights in _weights(rng, n, trials, resamples):
        for name, found in trial(rng, n, weights).items():
            counted[name] = counted.get(name, Coverage()) + Coverage.of(found)
    return counted


def _weights(rng: np.random.Generator, n: int, trials: int, resamples: int) -> Iterator[FloatArray]:
    weights = np.empty((0, n))
    for number in range(trials):
        if resamples and number % TRIALS_A_DRAW == 0:
            drawn = rng.integers(0, n, size=(resamples, n)) + n * np.arange(resamples)[:, None]
            counts = np.bincount(drawn.ravel(), minlength=resamples * n)
            weights = counts.reshape(resamples, n).astype(np.float64)
        yield weights


def _interval(statistic: Statistic, weights: FloatArray) -> Interval:
    if isinstance(statistic, PooledQuantile):
        return woodruff(statistic, share_above(statistic)(weights), CONFIDENCE)
    return bootstrap_interval(statistic, statistic(weights), CONFIDENCE)


def proportions(rng: np.random.Generator, n: int, _: FloatArray) -> Drawn:
    """One proportion, and a paired difference; shares differ from trial to trial."""
    share = rng.uniform(0.6, 0.97)
    gained, lost = rng.uniform(0.02, 0.1, size=2)
    counts = rng.multinomial(n, [gained, lost, 1 - gained - lost])
    return {
        "proportion (Wilson)": Found(share, wilson(int(rng.binomial(n, share)), n)),
        "difference of proportions (Tango)": Found(
            gained - lost, tango(int(counts[0]), int(counts[1]), n)
        ),
    }


def sample(
    id: str = "",
    target: str | None = None,
    answer: str | None = None,
    scores: dict[str, float] | None = None,
    data: dict[str, Any] | None = None,
) -> Sample:
    """A sample that nobody checks: millions are made, and pydantic's checks would take hours."""
    return Sample.model_construct(
        _fields_set=set(),
        key="",
        index=0,
        id=id,
        prompt="",
        target=target,
        answer=answer,
        scores=scores or {},
        data=data or {},
    )


def _scored(scores: FloatArray) -> Statistic:
    return METRICS["rougeL"].statistic(
        [sample(scores={"rougeL": score}) for score in scores.tolist()]
    )


def rouge(rng: np.random.Generator, n: int, weights: FloatArray) -> Drawn:
    """Skewed scores, a sixth of them zero; half of the candidate's answers are the baseline's."""
    before = rng.beta(0.8, 4.0, n) * (rng.random(n) > 0.15)
    other = rng.beta(0.8, 5.0, n) * (rng.random(n) > 0.15)
    after = np.where(rng.random(n) < 0.5, before, other)
    means = 0.85 * 0.8 / 4.8, 0.85 * 0.8 / 5.8
    pair = DifferenceStatistic(_scored(before), _scored(after))
    return {
        "mean score (BCa)": Found(means[0], _interval(pair.baseline, weights)),
        "difference of mean scores (BCa)": Found(
            (means[1] - means[0]) / 2, _interval(pair, weights)
        ),
    }


SHARES = np.array([0.6, 0.28, 0.12])
"""Of the labels, as in a sample of financial news."""
BEFORE = np.array([[0.85, 0.10, 0.05], [0.20, 0.70, 0.10], [0.20, 0.25, 0.55]])
AFTER = np.array([[0.80, 0.15, 0.05], [0.25, 0.60, 0.15], [0.30, 0.25, 0.45]])
"""How often a label (row) is answered by each (column)."""


def _true_f1(answers: FloatArray) -> float:
    joint = SHARES[:, None] * answers
    return float(np.mean(2 * np.diag(joint) / (joint.sum(axis=0) + joint.sum(axis=1))))


def macro_f1(rng: np.random.Generator, n: int, weights: FloatArray) -> Drawn:
    """Three labels, one of them rare; the two models err on much the same examples."""
    targets = rng.choice(3, n, p=SHARES)
    luck = rng.random(n)
    other = np.where(rng.random(n) < 0.7, luck, rng.random(n))
    both = [
        (drawn[:, None] > matrix.cumsum(axis=1)[targets]).sum(axis=1)
        for matrix, drawn in ((BEFORE, luck), (AFTER, other))
    ]
    pair = DifferenceStatistic(*(_labelled(targets, answers) for answers in both))
    truths = _true_f1(BEFORE), _true_f1(AFTER)
    return {
        "macro F1 (BCa)": Found(truths[0], _interval(pair.baseline, weights)),
        "difference of macro F1 (BCa)": Found(truths[1] - truths[0], _interval(pair, weights)),
    }


def _labelled(targets: np.ndarray, answers: np.ndarray) -> Statistic:
    samples = [
        sample(target=str(target), answer=str(answer))
        for target, answer in zip(targets.tolist(), answers.tolist(), strict=True)
    ]
    return METRICS["macro_f1"].statistic(samples, ("0", "1", "2"))


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
        "mean KL (BCa)": Found(0.02, _interval(means[0], weights)),
        "difference of mean KL (BCa)": Found(0.01, _interval(DifferenceStatistic(*means), weights)),
        "median KL (Woodruff)": Found(truth, _interval(median, weights)),
        "99th percentile of KL (Woodruff)": Found(far_truth, _interval(far[0], weights)),
        "difference of 99th percentiles (percentile)": Found(
            far_truth / 2, _interval(DifferenceStatistic(*far), weights)
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
        "perplexity (BCa)": Found(np.exp(3), _interval(before, weights)),
        "difference of perplexities (BCa)": Found(
            np.exp(3.05) - np.exp(3), _interval(pair, weights)
        ),
        "perplexity ratio (BCa)": Found(np.exp(0.05), _interval(ratio, weights)),
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
    "macro F1": macro_f1,
    "divergence": divergence,
    "perplexity": perplexity,
    "timings": timings,
}
UNSAMPLED = ("proportions", "timings")
"""Worlds whose intervals have closed forms."""
