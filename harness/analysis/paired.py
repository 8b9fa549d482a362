"""The difference between two models on the same examples, and how sure it is.

The same example is easy or hard for both models, so differences are taken example by example;
an unpaired test on such data would call real differences noise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness.analysis.bootstrapped import RESAMPLES, bootstrap_interval
from harness.analysis.intervals import NO_INTERVAL, Interval, tango, unseen
from harness.analysis.power import Churn, pair_spread
from harness.analysis.resampling import (
    DifferenceStatistic,
    bootstrap,
    observed,
    pseudo_values,
    swapped_differences,
)
from harness.analysis.shared import repeated, sorted_by_id
from harness.analysis.significance import mcnemar, permutation_p
from harness.analysis.speed import timed_value
from harness.analysis.timed import Welch, of_percentiles, rounds_of, slowdown, welch
from harness.metrics.classification import labels_of
from harness.metrics.metric import Metric
from harness.metrics.statistic import FloatArray
from harness.records import Approximate, Sample


@dataclass(frozen=True)
class PairedDifference:
    """Candidate minus baseline, unrounded, in the metric's own unit.

    `low` and `high` bound the difference from both sides at once; `one_sided_low` and
    `one_sided_high` each bound it from one side alone, at the same confidence. `better` and
    `worse` count examples in the metric's good direction. Where there is no difference to show,
    `reason` says why and the figures are None; `other_prompts` says whether that is because the
    models read different ones. `spread` is the standard deviation of one pair's difference (of one
    round's, for timings), and `churn` how much of it changed, where pairs tell it; `ratio` says how
    many times as fast the candidate is. `approximate` is as of a value.
    """

    metric: str
    baseline_value: float | None = None
    candidate_value: float | None = None
    delta: float | None = None
    low: float | None = None
    high: float | None = None
    one_sided_low: float | None = None
    one_sided_high: float | None = None
    p: float | None = None
    better: int | None = None
    worse: int | None = None
    n: int = 0
    reason: str | None = None
    other_prompts: bool = False
    approximate: Approximate | None = None
    spread: float | None = None
    churn: Churn | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None


def compare_cells(
    metric: Metric,
    baseline: Sequence[Sample],
    candidate: Sequence[Sample],
    seed: int,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    labels: Sequence[str] | None = None,
) -> PairedDifference:
    """Compares two cells of one task; the order of either cell's samples does not matter.

    Right and wrong take Tango's score interval and McNemar's exact test; other metrics a
    bootstrap that draws the same examples for both models (BCa; percentile for a quantile) and a
    permutation test that swaps the two answers of an example. Timings are not pairs: they take
    Welch's interval and test over one figure a round, percentiles of requests the bounds of each.

    Args:
        metric: any but those measured once (see `compare_values`).
        seed: of the resampling.
        labels: the labels of a classification; by default those that occur as targets.

    Raises:
        BadDataError: a sample lacks what the metric is made of.
    """
    if not baseline or not candidate:
        return PairedDifference(metric.name, reason="One of the two cells has no samples.")
    if metric.is_timing:
        return _timed(metric, baseline, candidate, confidence)
    reason = _why_not_paired(baseline, candidate)
    if reason:
        return PairedDifference(metric.name, reason=reason)
    pairs = _Pairs(
        metric,
        sorted_by_id(baseline),
        sorted_by_id(candidate),
        tuple(labels) if labels is not None else labels_of(baseline),
    )
    if metric.kind == "maximum":
        return _of_maxima(pairs)
    if metric.kind == "proportion":
        found = _right_and_wrong(pairs, confidence)
    else:
        found = _resampled(pairs, seed, confidence, resamples)
    if found.approximate is None and repeated(baseline):
        return replace(found, approximate="repeated")
    return found


def compare_values(metric: str, baseline: float, candidate: float) -> PairedDifference:
    """The difference of a figure that was measured once: no interval, and bounds at the point."""
    delta = candidate - baseline
    return PairedDifference(
        metric, baseline, candidate, delta, one_sided_low=delta, one_sided_high=delta, n=1
    )


@dataclass(frozen=True)
class _Pairs:
    """Two cells whose samples are paired by position."""

    metric: Metric
    baseline: Sequence[Sample]
    candidate: Sequence[Sample]
    labels: Sequence[str]

    @property
    def reach(self) -> float | None:
        """How far the figure would move if every answer changed; None where nothing bounds it.

        Of macro F1, whose labels are averaged, an answer of the rarest label weighs the most: with t
        targets and a answers, 2 hits / (t + a) of its own label changes by at most 2 / t, and that
        of the label that it is taken for by at most 1 / (2t).
        """
        if self.metric.bounded:
            return 1.0
        if self.metric.kind == "f1":
            rarest = min(Counter(sample.target for sample in self.baseline).values())
            return 2.5 * len(self.baseline) / (len(labels_of(self.baseline)) * rarest)
        return None

    def good_changes(self) -> FloatArray:
        """Per example, how far the score moved in the metric's good direction."""
        sign = -1.0 if self.metric.higher_is_better is False else 1.0
        before, after = self.metric.scores(self.baseline), self.metric.scores(self.candidate)
        change: FloatArray = sign * (after - before)
        return change


def _why_not_paired(baseline: Sequence[Sample], candidate: Sequence[Sample]) -> str | None:
    targets = {sample.id: sample.target for sample in baseline}
    others = {sample.id: sample.target for sample in candidate}
    if len(targets) < len(baseline) or len(others) < len(candidate):
        return "An example occurs twice in one of the two cells."
    if targets.keys() != others.keys():
        return (
            "The two models did not answer the same examples: "
            f"{len(targets.keys() - others.keys())} only the baseline, "
            f"{len(others.keys() - targets.keys())} only the candidate."
        )
    different = sum(targets[key] != others[key] for key in targets)
    if different:
        return f"The two cells have different targets for {different} of the same examples."
    return None


def _right_and_wrong(pairs: _Pairs, confidence: float) -> PairedDifference:
    n = len(pairs.baseline)
    before, after = pairs.metric.scores(pairs.baseline), pairs.metric.scores(pairs.candidate)
    gained, lost = int(np.sum(after > before)), int(np.sum(after < before))
    lower_is_better = pairs.metric.higher_is_better is False
    two_sided = tango(gained, lost, n, confidence)
    one_sided = tango(gained, lost, n, 2 * confidence - 1)
    return PairedDifference(
        metric=pairs.metric.name,
        baseline_value=float(before.mean()),
        candidate_value=float(after.mean()),
        delta=(gained - lost) / n,
        low=two_sided.low,
        high=two_sided.high,
        one_sided_low=one_sided.low,
        one_sided_high=one_sided.high,
        p=mcnemar(gained, lost),
        better=lost if lower_is_better else gained,
        worse=gained if lower_is_better else lost,
        n=n,
        spread=pair_spread(gained, lost, n),
        churn=Churn.of(after - before, 1.0),
    )


def _of_maxima(pairs: _Pairs) -> PairedDifference:
    """The difference of two maxima has no valid bootstrap: it stands without an interval."""
    cells = pairs.baseline, pairs.candidate
    before, after = (observed(pairs.metric.statistic(cell, pairs.labels)) for cell in cells)
    if not np.isfinite(after - before):
        return PairedDifference(pairs.metric.name, reason="The metric is not defined here.")
    found = compare_values(pairs.metric.name, before, after)
    return replace(found, n=len(pairs.baseline))


def _resampled(pairs: _Pairs, seed: int, confidence: float, resamples: int) -> PairedDifference:
    metric, n = pairs.metric, len(pairs.baseline)
    before = metric.statistic(pairs.baseline, pairs.labels)
    after = metric.statistic(pairs.candidate, pairs.labels)
    difference = DifferenceStatistic(before, after)
    delta = observed(difference)
    if not np.isfinite(delta):
        return PairedDifference(metric.name, n=n, reason="The metric is not defined here.")
    two_sided = one_sided = NO_INTERVAL
    p = spread = churn = None
    if n > 1:
        rng = np.random.default_rng(seed)
        distribution = bootstrap(difference, rng, resamples)
        two_sided = bootstrap_interval(difference, distribution, confidence)
        one_sided = bootstrap_interval(difference, distribution, 2 * confidence - 1)
        both = metric.statistic([*pairs.baseline, *pairs.candidate], pairs.labels)
        spread = float(np.nanstd(distribution) * np.sqrt(n))
        p = permutation_p(delta, swapped_differences(both, rng, resamples))
        churn = Churn.of(pseudo_values(difference), 1.0 if metric.bounded else None)
    if pairs.reach is not None:  # which figures between 0 and 1 have
        two_sided, one_sided = two_sided.within(-1.0, 1.0), one_sided.within(-1.0, 1.0)
    changes = pairs.good_changes() if metric.scores_examples else None
    if spread == 0 and delta == 0 and pairs.reach is not None:
        two_sided = unchanged(n, (1 + confidence) / 2, pairs.reach)
        one_sided = unchanged(n, confidence, pairs.reach)
    return PairedDifference(
        metric=metric.name,
        baseline_value=observed(before),
        candidate_value=observed(after),
        delta=delta,
        low=two_sided.low,
        high=two_sided.high,
        one_sided_low=one_sided.low,
        one_sided_high=one_sided.high,
        p=p,
        better=None if changes is None else int(np.sum(changes > 0)),
        worse=None if changes is None else int(np.sum(changes < 0)),
        n=n,
        approximate=two_sided.approximate,
        spread=spread,
        churn=churn,
    )


def unchanged(n: int, confidence: float, reach: float) -> Interval:
    """Bounds of a difference where not one of n answers scored otherwise.

    A bootstrap would give them no width. At most `unseen` of all answers change, and each moves the
    figure by at most `reach` / n.
    """
    share = unseen(n, confidence)
    return Interval(-share * reach, share * reach)


def _timed(
    metric: Metric, baseline: Sequence[Sample], candidate: Sequence[Sample], confidence: float
) -> PairedDifference:
    """The difference of two timings, and where its kind has one its interval over rounds."""
    name = metric.name
    values = [timed_value(metric, samples).value for samples in (baseline, candidate)]
    if values[0] is None or values[1] is None:
        return PairedDifference(name, reason="It was not timed for both models.")
    if metric.kind == "tail":
        return compare_values(name, values[0], values[1])
    if metric.kind == "percentile":
        found = of_percentiles(metric, baseline, candidate, confidence) or Welch(0.0)
    else:
        before, after = rounds_of(metric, baseline), rounds_of(metric, candidate)
        found = welch(before, after, confidence, values[1] - values[0])
    ratio = slowdown(metric, baseline, candidate, confidence)
    logs = () if ratio is None else (ratio.delta, ratio.two_sided.high, ratio.two_sided.low)
    times = [None if f is None else float(np.exp(-f)) for f in logs] or [None] * 3
    return PairedDifference(
        metric=name,
        baseline_value=values[0],
        candidate_value=values[1],
        delta=found.delta,
        low=found.two_sided.low,
        high=found.two_sided.high,
        one_sided_low=found.one_sided.low,
        one_sided_high=found.one_sided.high,
        p=found.p,
        spread=found.spread,
        n=found.n,
        approximate=found.two_sided.approximate,
        ratio=times[0],
        ratio_low=times[1],
        ratio_high=times[2],
    )
