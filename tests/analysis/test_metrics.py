from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.analysis.metrics import compute_metrics
from harness.analysis.resampling import observed
from harness.errors import BadDataError
from harness.metrics.registry import METRICS, metrics_of
from harness.records import Sample, Value
from harness.suite.schema import TASK_TYPES
from tests.analysis.samples import classified, diverged, summarized, timed

LABELS = ("negative", "neutral", "positive")
answered = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from([*LABELS, None])), min_size=1, max_size=40
)


def macro_f1_by_hand(samples: list[Sample]) -> float:
    """From precision and recall, label by label of those that are due."""
    scores = []
    for label in sorted({s.target for s in samples if s.target is not None}):
        hits = sum(s.target == label and s.answer == label for s in samples)
        given_ = sum(s.answer == label for s in samples)
        wanted = sum(s.target == label for s in samples)
        precision = hits / given_ if given_ else 0.0
        recall = hits / wanted if wanted else 0.0
        both = precision + recall
        scores.append(2 * precision * recall / both if both else 0.0)
    return sum(scores) / len(scores)


def test_every_task_metric_is_described_and_every_metric_belongs_to_a_task() -> None:
    tables = [of for type_ in TASK_TYPES.values() for of in (type_.metrics, type_.extra_metrics)]
    assert {name for names in tables for name in names} == set(METRICS)
    assert all(len(set(names)) == len(names) for names in tables)
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.explanation.endswith(".") and len(metric.explanation) > 40
        assert format(1234.5, metric.format)


@given(answered)
@settings(max_examples=60)
def test_macro_f1_agrees_with_precision_and_recall(
    pairs: list[tuple[str, str | None]],
) -> None:
    samples = classified([target for target, _ in pairs], [answer for _, answer in pairs])
    expected = macro_f1_by_hand(samples)
    resampled = observed(METRICS["macro_f1"].statistic(samples, LABELS))
    assert resampled == pytest.approx(expected)
    value = compute_metrics(metrics_of("classify"), samples, seed=0, labels=LABELS)[
        "macro_f1"
    ].value
    assert value == pytest.approx(expected)


def test_an_unparsed_answer_counts_as_wrong_and_is_reported() -> None:
    samples = classified(["a", "a", "b", "b"], ["a", None, "b", "a"])
    metrics = compute_metrics(metrics_of("classify"), samples, seed=0)
    assert metrics["accuracy"].value == 0.5
    assert metrics["unparsed"].value == 0.25
    assert metrics["macro_f1"].value == pytest.approx((0.5 + 2 / 3) / 2)


@given(st.randoms(use_true_random=False))
@settings(max_examples=10)
def test_metrics_do_not_depend_on_the_order_of_samples(random: object) -> None:
    rng = np.random.default_rng(7)
    for task, samples in (
        ("classify", classified(list("aabbcc") * 4, list("abbbca") * 4)),
        ("summarize", summarized(rng.random(20).tolist())),
        ("divergence", diverged(rng, 15)),
    ):
        shuffled = list(samples)
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        assert compute_metrics(metrics_of(task), shuffled, 3) == compute_metrics(
            metrics_of(task), samples, 3
        )


def test_divergence_values_are_weighted_by_tokens_not_by_documents() -> None:
    samples = diverged(np.random.default_rng(0), 30)
    pooled = [kl for sample in samples for kl in sample.data["kl"]]
    tokens = sum(sample.data["tokens"] for sample in samples)
    nll = sum(sample.data["nll"] for sample in samples)
    metrics = compute_metrics(metrics_of("divergence"), samples, seed=0)
    assert metrics["kl_mean"].value == pytest.approx(np.mean(pooled))
    assert metrics["kl_median"].value == np.quantile(pooled, 0.5, method="inverted_cdf")
    assert metrics["kl_p99"].value == np.quantile(pooled, 0.99, method="inverted_cdf")
    assert metrics["kl_max"].value == max(pooled)
    assert metrics["same_top1"].value == pytest.approx(
        sum(sample.data["same_top1"] for sample in samples) / tokens
    )
    assert metrics["perplexity"].value == pytest.approx(np.exp(nll / tokens))
    assert metrics["bits_per_byte"].value == pytest.approx(nll / np.log(2) / (4 * tokens))
    for name, value in metrics.items():
        if name == "kl_max":
            assert (value.low, value.high) == (None, None)
            continue
        assert value.value is not None and value.low is not None and value.high is not None
        assert value.low <= value.value <= value.high


def test_perplexity_ratio_is_the_ratio_of_both_perplexities() -> None:
    samples = diverged(np.random.default_rng(1), 30)
    tokens = sum(sample.data["tokens"] for sample in samples)
    both = [sum(s.data[name] for s in samples) for name in ("nll", "reference_nll")]
    ratio = np.exp(both[0] / tokens) / np.exp(both[1] / tokens)
    found = compute_metrics(metrics_of("divergence"), samples, seed=0)["perplexity_ratio"]
    assert found.value == pytest.approx(ratio)


def test_the_change_of_the_right_tokens_probability_has_mean_and_root_mean_square() -> None:
    changes = [[0.1, -0.3], [0.2, 0.0, 0.4]]
    samples = [
        sample.model_copy(
            update={
                "data": {
                    **sample.data,
                    "tokens": len(change),
                    "delta_p": sum(change),
                    "delta_p_squared": sum(value**2 for value in change),
                }
            }
        )
        for sample, change in zip(diverged(np.random.default_rng(0), 2), changes, strict=True)
    ]
    metrics = compute_metrics(metrics_of("divergence"), samples, seed=0)
    assert metrics["delta_p_mean"].value == pytest.approx(0.4 / 5)
    assert metrics["delta_p_rms"].value == pytest.approx(np.sqrt(0.30 / 5))


def test_a_maximum_says_why_it_has_no_interval() -> None:
    assert not METRICS["kl_max"].has_interval
    assert "no interval" in METRICS["kl_max"].explanation


def test_a_metric_is_about_quality_change_or_cost() -> None:
    by_kind: dict[str, set[str]] = {}
    for task, of in TASK_TYPES.items():
        for name in of.metrics:
            by_kind.setdefault(f"{task} {METRICS[name].measures}", set()).add(name)
    assert by_kind["divergence change"] == {
        "kl_mean",
        "kl_median",
        "kl_p99",
        "kl_max",
        "same_top1",
        "delta_p_mean",
        "delta_p_rms",
    }
    assert by_kind["divergence quality"] == {"perplexity", "perplexity_ratio", "bits_per_byte"}
    assert by_kind["speed cost"] == set(TASK_TYPES["speed"].metrics)
    assert by_kind["load cost"] == set(TASK_TYPES["load"].metrics)
    assert set(by_kind) == {
        "classify quality",
        "perplexity quality",
        "instruct quality",
        "refuse quality",
        "comply quality",
        "multiple_choice quality",
        "summarize quality",
        "divergence change",
        "divergence quality",
        "write quality",
        "speed cost",
        "load cost",
    }


def test_perplexity_beyond_floats_is_no_value() -> None:
    sample = diverged(np.random.default_rng(0), 1)[0]
    endless = sample.model_copy(update={"data": {**sample.data, "nll": 1e6}})
    assert (
        compute_metrics(metrics_of("divergence"), [endless, endless], seed=0)["perplexity"].value
        is None
    )


def test_speed_takes_t_intervals_over_rounds_and_what_samples_do_not_hold_has_none() -> None:
    rounds = timed([8.0, 10.0], [10.0], [11.0, 10.5, 11.5])  # means 9, 10, 11
    metrics = compute_metrics(metrics_of("speed"), rounds, 0, extras={"load_seconds": 2.5})
    decode = metrics["decode_tokens_per_second"]
    half_width = 4.302653 / np.sqrt(3)  # t(2) at 0.975, standard deviation 1
    assert decode.value == pytest.approx(61 / 6)
    assert decode.low == pytest.approx(61 / 6 - half_width, rel=1e-6)
    assert metrics["load_seconds"] == Value(value=2.5)
    assert "peak_bytes" not in metrics


@pytest.mark.parametrize("task", ["classify", "summarize", "divergence", "write", "speed"])
def test_no_samples_give_values_of_none(task: str) -> None:
    metrics = compute_metrics(metrics_of(task), [], seed=0)
    assert metrics and all(value == Value(value=None) for value in metrics.values())


def test_one_sample_has_a_value_and_no_bootstrap_interval() -> None:
    assert compute_metrics(metrics_of("summarize"), summarized([0.4]), 0)["rougeL"] == Value(
        value=0.4
    )
    assert compute_metrics(metrics_of("speed"), timed([4.0]), 0)[
        "decode_tokens_per_second"
    ] == Value(value=4.0)


@pytest.mark.parametrize("score", [0.0, 0.25, 1.0])
def test_scores_that_are_all_equal_do_not_make_their_mean_sure(score: float) -> None:
    found = compute_metrics(metrics_of("summarize"), summarized([score] * 3), 0)["rougeL"]
    exact = stats.binomtest(0, 3).proportion_ci(0.95, method="exact").high
    assert (found.value, found.low, found.high) == pytest.approx(
        (score, score * (1 - exact), score + exact * (1 - score))
    )


def test_a_sample_without_its_score_is_named() -> None:
    sample = summarized([0.4])[0].model_copy(update={"scores": {}})
    with pytest.raises(BadDataError, match=r"example-0000.*rougeL"):
        compute_metrics(metrics_of("summarize"), [sample], seed=0)


def test_a_target_that_is_no_label_is_named() -> None:
    with pytest.raises(BadDataError, match="example-0000"):
        compute_metrics(metrics_of("classify"), classified(["x"], ["a"]), seed=0, labels=["a", "b"])


@pytest.mark.parametrize(("rare", "expected"), [(9, "rare-labels"), (10, None)])
def test_a_macro_f1_of_a_rare_label_is_said_to_be_approximate(
    rare: int, expected: str | None
) -> None:
    targets = ["a"] * 100 + ["b"] * rare
    samples = classified(targets, ["a"] * 95 + ["b"] * (5 + rare))
    found = compute_metrics([METRICS["macro_f1"]], samples, seed=0, labels=("a", "b"))
    assert found["macro_f1"].approximate == expected
    absent = compute_metrics([METRICS["macro_f1"]], samples, seed=0, labels=("a", "b", "c"))
    assert absent["macro_f1"].approximate == "rare-labels"
    assert absent["macro_f1"].value == found["macro_f1"].value


def test_a_macro_f1_of_all_or_none_keeps_its_width() -> None:
    """30 of a label, 20 of the other: in 2.5% of cases all is right although a model of the second one's
    examples gets a share wrong that Clopper and Pearson bound, and answers them with the first."""
    targets = ["a"] * 30 + ["b"] * 20
    right = compute_metrics([METRICS["macro_f1"]], classified(targets, targets), seed=0)["macro_f1"]
    wrong = 1 - 0.025 ** (1 / 20)
    recall = 1 - wrong
    own, other = 2 * recall / (1 + recall), 2 * 20 / (2 * 20 + wrong * 20)
    assert right.low == pytest.approx((own + other) / 2)
    assert right.high == 1.0
    none = compute_metrics([METRICS["macro_f1"]], classified(targets, ["x"] * 50), seed=0)
    assert none["macro_f1"].low == 0.0 and 0.05 < (none["macro_f1"].high or 0.0) < 0.2


def test_prompts_that_stand_many_times_make_a_figure_approximate() -> None:
    samples = classified(["a", "b"] * 50, ["a", "a"] * 50)
    twice = [one.model_copy(update={"prompt": f"{i // 2}"}) for i, one in enumerate(samples)]
    once = [one.model_copy(update={"prompt": f"{i}"}) for i, one in enumerate(samples)]
    rarely = [one.model_copy(update={"prompt": f"{max(i, 3)}"}) for i, one in enumerate(samples)]
    found = [
        compute_metrics([METRICS["accuracy"]], of, seed=0)["accuracy"].approximate
        for of in (twice, once, samples, rarely)
    ]
    assert found[:3] == ["repeated", None, None]
    assert found[3] == "repeated"


def test_one_sided_bounds_of_a_proportion_are_exact() -> None:
    samples = classified(["a"] * 20, ["a"] * 19 + ["b"])
    found = compute_metrics([METRICS["accuracy"]], samples, 0, 0.9, one_sided=True)["accuracy"]
    reference = stats.binomtest(19, 20).proportion_ci(0.9, method="exact")
    assert (found.low, found.high) == pytest.approx((reference.low, reference.high))
