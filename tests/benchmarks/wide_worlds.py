"""Worlds as users bring them: rare labels, few changes, heavy tails, outliers, prompts that stand twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from harness.analysis.intervals import proportion, student_t, tango
from harness.analysis.resampling import DifferenceStatistic
from harness.analysis.shared import repeated
from harness.analysis.timed import welch
from harness.metrics.registry import METRICS
from harness.metrics.statistic import FloatArray
from tests.benchmarks.coverage import (
    CONFIDENCE,
    Drawn,
    Found,
    Trial,
    interval_of,
    paired_interval,
    sample,
)
from tests.benchmarks.labelled import FIVE, PERFECT, TWENTY
from tests.benchmarks.worlds import scored

ROUGE = 0.9 * 1.6 / 5.6
"""The mean of a summary's score, a tenth of them zero."""


def near_the_ends(rng: np.random.Generator, n: int, _: FloatArray) -> Drawn:
    """Shares from 0.2% to 5% and from 95% to 99.8%; 0.2% to 3% of answers change one way, up to as many
    the other."""
    rare = float(np.exp(rng.uniform(np.log(0.002), np.log(0.05))))
    share = 1 - rare if rng.random() < 0.5 else rare
    gained = float(np.exp(rng.uniform(np.log(0.002), np.log(0.03))))
    lost = gained * rng.random()
    counts = rng.multinomial(n, [gained, lost, 1 - gained - lost])
    return {
        "proportion near 0 or 1": Found(share, proportion(int(rng.binomial(n, share)), n)),
        "difference of proportions, few flips (Tango)": Found(
            gained - lost, tango(int(counts[0]), int(counts[1]), n)
        ),
    }


def few_changed(share: float) -> Trial:
    """Paired summaries of which so many were written anew, a fifth worse."""

    def trial(rng: np.random.Generator, n: int, weights: FloatArray) -> Drawn:
        before, anew = rng.beta(1.6, 4.0, (2, n)) * (rng.random((2, n)) > 0.1)
        after = np.where(rng.random(n) < share, 0.8 * anew, before)
        pair = DifferenceStatistic(scored(before), scored(after))
        name = f"difference of mean scores, {share:.0%} changed"
        return {name: Found(-0.2 * share * ROUGE, paired_interval(pair, weights, reach=1.0))}

    return trial


def skewed(rng: np.random.Generator, n: int, weights: FloatArray) -> Drawn:
    """Scores of which 60% are zero; of three values; and nearly all 1."""
    zeros = rng.beta(0.8, 4.0, n) * (rng.random(n) > 0.6)
    ties = rng.choice([0.0, 0.5, 1.0], n, p=[0.2, 0.3, 0.5])
    high = 1 - rng.beta(0.5, 6.0, n) * (rng.random(n) > 0.7)
    return {
        "mean score, 60% zeros (BCa)": Found(0.4 * 0.8 / 4.8, interval_of(scored(zeros), weights)),
        "mean score, three values (BCa)": Found(0.65, interval_of(scored(ties), weights)),
        "mean score, nearly 1 (BCa)": Found(
            1 - 0.3 * 0.5 / 6.5, interval_of(scored(high), weights)
        ),
    }


def heavy_tails(rng: np.random.Generator, n: int, weights: FloatArray) -> Drawn:
    """Log-normal means of documents, deviations of the logarithm 1 and 1.5; uneven lengths and texts."""
    one, more = (np.exp(s * rng.normal(size=n) - s * s / 2) for s in (1.0, 1.5))
    lengths = rng.integers(5, 401, n)
    nll = lengths * 3.0 * rng.gamma(4, 0.25, n)
    cell = [
        sample(data={"tokens": t, "nll": x, "reference_nll": x})
        for t, x in zip(lengths.tolist(), nll.tolist(), strict=True)
    ]
    return {
        "mean KL, deviation 1 (BCa)": Found(1.0, interval_of(scored(one), weights)),
        "mean KL, deviation 1.5 (BCa)": Found(1.0, interval_of(scored(more), weights)),
        "perplexity, uneven texts (BCa)": Found(
            float(np.exp(3)), interval_of(METRICS["perplexity"].statistic(cell), weights)
        ),
    }


def twice(rng: np.random.Generator, n: int, weights: FloatArray) -> Drawn:
    """A third of all prompts stand two or three times; a model answers them alike."""
    times = rng.choice([1, 2, 3], n, p=[0.67, 0.22, 0.11])
    prompt = np.repeat(np.arange(n), times)[:n]
    right = (rng.random(n) < 0.8)[prompt]
    score = (rng.beta(1.6, 4.0, n) * (rng.random(n) > 0.1))[prompt]
    asked = [sample(id=f"{i}").model_copy(update={"prompt": f"{p}"}) for i, p in enumerate(prompt)]
    found = {
        "proportion, prompts repeated": Found(0.8, proportion(int(right.sum()), n)),
        "mean score, prompts repeated (BCa)": Found(ROUGE, interval_of(scored(score), weights)),
    }
    if not repeated(asked):
        return found
    return {
        name: Found(one.truth, replace(one.interval, approximate="repeated"))
        for name, one in found.items()
    }


def outliers(rng: np.random.Generator, n: int, _: FloatArray) -> Drawn:
    """n rounds of two models, 3% apart, of which each is a third slower in one of ten cases."""
    before, after = (
        mean * (1 + 0.03 * rng.normal(size=n)) * np.where(rng.random(n) < 0.1, 0.67, 1.0)
        for mean in (100.0, 80.0)
    )
    kept = 1 - 0.1 * 0.33
    difference = welch(before, after, CONFIDENCE, float(after.mean() - before.mean()))
    return {
        "mean of rounds, outliers (Student)": Found(100 * kept, student_t(before)),
        "difference of timings, outliers (Welch)": Found(-20 * kept, difference.two_sided),
    }


WIDE_WORLDS: Mapping[str, Trial] = {
    "near the ends": near_the_ends,
    "five labels": FIVE.trial,
    "twenty labels": TWENTY.trial,
    "97% right": PERFECT.trial,
    "3% changed": few_changed(0.03),
    "10% changed": few_changed(0.1),
    "skewed": skewed,
    "heavy tails": heavy_tails,
    "repeated": twice,
    "outliers": outliers,
}
WIDE_UNSAMPLED = ("near the ends", "outliers")
"""Those whose intervals have closed forms."""
