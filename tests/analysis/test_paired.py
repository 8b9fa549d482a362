from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.analysis.metrics import compute_metrics
from harness.analysis.paired import compare_cells, compare_values
from harness.metrics.registry import METRICS, metrics_of
from tests.analysis.samples import classified, diverged, summarized, timed


def test_accuracy_counts_what_changed_in_each_direction() -> None:
    targets = ["a"] * 30
    before = classified(targets, ["a"] * 20 + ["b"] * 10)
    after = classified(targets, ["b"] * 2 + ["a"] * 26 + ["b"] * 2)
    difference = compare_cells(METRICS["accuracy"], before, after, seed=0)
    assert (difference.better, difference.worse, difference.n) == (8, 2, 30)
    assert difference.delta == pytest.approx(6 / 30)
    assert difference.p == pytest.approx(stats.binomtest(8, 10).pvalue)
    assert difference.low is not None and difference.one_sided_low is not None
    assert difference.low < difference.one_sided_low < 0.2


def test_better_means_fewer_where_lower_is_better() -> None:
    before = classified(["a"] * 4, [None, None, None, "a"])
    after = classified(["a"] * 4, ["a", "a", "a", None])
    difference = compare_cells(METRICS["unparsed"], before, after, seed=0)
    assert (difference.better, difference.worse) == (3, 1)
    assert difference.delta == -0.5


def test_pairing_sees_what_two_separate_intervals_hide() -> None:
    rng = np.random.default_rng(0)
    before = rng.random(100)
    after = before + 0.02 + rng.normal(scale=0.01, size=100)
    difference = compare_cells(
        METRICS["rougeL"], summarized(before.tolist()), summarized(after.tolist()), 0
    )
    old = compute_metrics(metrics_of("summarize"), summarized(before.tolist()), 0)["rougeL"]
    new = compute_metrics(metrics_of("summarize"), summarized(after.tolist()), 0)["rougeL"]
    assert old.high is not None and new.low is not None and old.high > new.low
    assert difference.low is not None and difference.low > 0.015
    assert difference.p is not None and difference.p < 0.001


@pytest.mark.parametrize(
    "metric", ["rougeL", "macro_f1", "kl_mean", "kl_p99", "same_top1", "perplexity", "accuracy"]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_the_order_of_samples_changes_nothing(metric: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.array(["a", "b", "c"])
    targets = rng.choice(labels, 30).tolist()
    if metric == "rougeL":
        before, after = (summarized(rng.random(30).tolist()) for _ in range(2))
    elif metric in ("macro_f1", "accuracy"):
        before, after = (classified(targets, rng.choice(labels, 30).tolist()) for _ in range(2))
    else:
        before, after = diverged(rng, 30), diverged(rng, 30)
    straight = compare_cells(METRICS[metric], before, after, seed, resamples=300)
    shuffled = list(before), list(after)
    for position, samples in enumerate(shuffled):
        random.Random(seed + position).shuffle(samples)
    assert compare_cells(METRICS[metric], *shuffled, seed, resamples=300) == straight
    assert straight.low is not None and straight.high is not None and straight.low < straight.high


def test_a_difference_is_the_difference_of_the_two_values() -> None:
    rng = np.random.default_rng(1)
    before, after = diverged(rng, 40, 0.1), diverged(rng, 40, 0.3)
    old, new = (
        compute_metrics(metrics_of("divergence"), samples, 0) for samples in (before, after)
    )
    for metric in old:
        difference = compare_cells(METRICS[metric], before, after, 0, resamples=200)
        assert difference.baseline_value == pytest.approx(old[metric].value)
        assert difference.candidate_value == pytest.approx(new[metric].value)
        assert difference.delta == pytest.approx(
            (new[metric].value or 0) - (old[metric].value or 0)
        )


def test_the_permutation_p_value_is_the_share_of_all_sign_flips() -> None:
    changes = np.array([0.1, 0.3, -0.05, 0.2, 0.25, 0.15, -0.1, 0.02])
    flipped = [float(np.mean(changes * signs)) for signs in itertools.product([1, -1], repeat=8)]
    exact = np.mean(np.abs(flipped) >= changes.mean() - 1e-12)
    before, after = summarized([0.5] * 8), summarized((0.5 + changes).tolist())
    difference = compare_cells(METRICS["rougeL"], before, after, seed=0)
    assert difference.p == pytest.approx(exact, abs=0.015)


def test_equal_cells_differ_by_nothing() -> None:
    samples = summarized([0.2, 0.4, 0.9])
    difference = compare_cells(METRICS["rougeL"], samples, samples, seed=0)
    assert (difference.delta, difference.p) == (0, 1)
    share = 1 - 0.025 ** (1 / 3)
    assert (difference.low, difference.high) == pytest.approx((-share, share))
    assert (difference.better, difference.worse) == (0, 0)


def test_one_example_has_a_difference_and_no_interval() -> None:
    difference = compare_cells(METRICS["rougeL"], summarized([0.2]), summarized([0.5]), seed=0)
    assert difference.delta == pytest.approx(0.3)
    assert (difference.low, difference.one_sided_low, difference.p) == (None, None, None)


def test_cells_that_do_not_pair_give_the_reason() -> None:
    three, four = summarized([0.1] * 3), summarized([0.1] * 4)
    relabelled = [sample.model_copy(update={"target": "other"}) for sample in three]
    reasons = [
        compare_cells(METRICS["rougeL"], before, after, seed=0).reason
        for before, after in (
            (three, four),
            (three, []),
            (three, [*three[:2], three[0]]),
            (three, relabelled),
        )
    ]
    assert reasons == [
        "The two models did not answer the same examples: 0 only the baseline, "
        "1 only the candidate.",
        "One of the two cells has no samples.",
        "An example occurs twice in one of the two cells.",
        "The two cells have different targets for 3 of the same examples.",
    ]


def test_speed_is_compared_by_welch() -> None:
    before, after = [10.0, 11.0, 10.5, 9.8], [14.0, 12.0, 16.0]
    base, tuned = (timed(*([speed] for speed in cell)) for cell in (before, after))
    difference = compare_cells(METRICS["decode_tokens_per_second"], base, tuned, seed=0)
    reference = stats.ttest_ind(after, before, equal_var=False)
    interval = reference.confidence_interval(0.95)
    one_sided = reference.confidence_interval(0.90)
    assert difference.p == pytest.approx(reference.pvalue)
    assert difference.low == pytest.approx(interval.low)
    assert difference.high == pytest.approx(interval.high)
    assert difference.one_sided_low == pytest.approx(one_sided.low)
    assert difference.n == 3


def test_repetitions_without_spread_and_single_ones_are_handled() -> None:
    metric = "decode_tokens_per_second"
    same = compare_cells(METRICS[metric], timed([10.0, 10.0]), timed([10.0, 10.0]), seed=0)
    assert (same.delta, same.low, same.high, same.p) == (0, 0, 0, 1)
    single = compare_cells(METRICS[metric], timed([10.0]), timed([12.0]), seed=0)
    assert (single.delta, single.low, single.p) == (2, None, None)


def test_what_was_measured_once_has_a_difference_and_no_interval() -> None:
    difference = compare_values("peak_bytes", 1000.0, 400.0)
    assert (difference.delta, difference.low, difference.one_sided_high) == (-600, None, -600)


def test_an_undefined_metric_gives_the_reason() -> None:
    empty = [
        sample.model_copy(update={"data": {**sample.data, "kl": []}})
        for sample in diverged(np.random.default_rng(0), 3)
    ]
    for metric in ("kl_mean", "kl_p99"):
        assert (
            compare_cells(METRICS[metric], empty, empty, 0).reason
            == "The metric is not defined here."
        )


def test_a_model_that_has_not_changed_is_called_different_as_rarely_as_promised() -> None:
    rng = np.random.default_rng(6)
    trials, called = 200, 0
    for _ in range(trials):
        easy = rng.random(40)
        before, after = (np.clip(easy + rng.normal(scale=0.2, size=40), 0, 1) for _ in range(2))
        difference = compare_cells(
            METRICS["rougeL"],
            summarized(before.tolist()),
            summarized(after.tolist()),
            0,
            resamples=400,
        )
        assert difference.p is not None
        called += difference.p < 0.05
    assert called / trials <= 0.10


def test_answers_that_are_all_alike_are_bounded_by_what_clopper_and_pearson_allow() -> None:
    """With none of n found, the one-sided limit is 1 - 0.05^(1/n): the rule of three."""
    cell = summarized([0.3, 0.5] * 100)
    found = compare_cells(METRICS["rougeL"], cell, cell, 0, resamples=50)
    exact = stats.binomtest(0, 200).proportion_ci(0.95, method="exact").high
    assert (found.low, found.high) == pytest.approx((-exact, exact))
    one_sided = stats.binomtest(0, 200, alternative="less").proportion_ci(0.95).high
    assert (found.one_sided_low, found.one_sided_high) == pytest.approx((-one_sided, one_sided))
    assert one_sided == pytest.approx(3 / 200, rel=0.01)
    assert found.p == 1.0 and found.spread == 0.0


def test_answers_that_all_moved_alike_are_not_taken_for_unchanged() -> None:
    found = compare_cells(METRICS["rougeL"], summarized([0.25] * 40), summarized([0.5] * 40), 0)
    assert found.low == found.high == pytest.approx(0.25)


def test_equal_divergences_have_no_width_since_nothing_bounds_a_change() -> None:
    cell = diverged(np.random.default_rng(0), 30)
    found = compare_cells(METRICS["kl_mean"], cell, cell, 0, resamples=50)
    assert (found.low, found.high) == (0.0, 0.0)


labels = st.sampled_from("abc")


@given(st.lists(st.tuples(labels, labels), min_size=4, max_size=30), st.data())
@settings(max_examples=150)
def test_no_answer_moves_macro_f1_further_than_unchanged_answers_allow_for(
    pairs: list[tuple[str, str]], data: st.DataObject
) -> None:
    targets, answers = (list(part) for part in zip(*pairs, strict=True))
    cell = classified(targets, answers)
    same = compare_cells(METRICS["macro_f1"], cell, cell, 0, resamples=2)
    changed = 1 - 0.05 ** (1 / len(pairs))
    assert same.one_sided_high is not None
    furthest = same.one_sided_high / changed / len(pairs)
    answers[data.draw(st.integers(0, len(pairs) - 1))] = data.draw(labels)
    moved = compare_cells(METRICS["macro_f1"], cell, classified(targets, answers), 0, resamples=2)
    assert moved.delta is not None
    assert abs(moved.delta) <= furthest + 1e-12
