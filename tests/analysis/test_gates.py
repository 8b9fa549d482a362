from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.analysis.gate import Evidence, Gate
from harness.analysis.gates import judge
from harness.analysis.intervals import Interval
from harness.analysis.paired import PairedDifference, compare_cells, compare_values
from harness.analysis.timed import Welch
from harness.metrics.registry import METRICS
from harness.records import GateVerdict, Value
from tests.analysis.samples import classified, diverged, summarized


def gate(rule: Any, limit: float = 0.0, metric: str = "accuracy", **more: Any) -> Gate:
    return Gate("ladder", "sentiment", METRICS[metric], "f16", "q4", rule, limit, **more)


def difference(low: float, high: float, metric: str = "accuracy") -> PairedDifference:
    """All bounds given alike, the point between them."""
    middle = (low + high) / 2
    made = PairedDifference(
        metric, 0.9, 0.9 + middle, middle, low, high, low, high, 1e-6, 1, 1, 200
    )
    return replace(made, spread=0.2)


def outcome(asked: Gate, low: float, high: float) -> str:
    return judge(asked, Evidence(difference(low, high, asked.metric.name))).outcome


@pytest.mark.parametrize(
    ("metric", "low", "high", "expected"),
    [
        ("accuracy", 1e-9, 0.1, "met"),
        ("accuracy", 0.0, 0.1, "undecided"),
        ("accuracy", -0.1, -1e-9, "not met"),
        ("kl_mean", -0.1, -1e-9, "met"),
        ("kl_mean", -0.1, 0.0, "undecided"),
        ("kl_mean", 1e-9, 0.1, "not met"),
    ],
)
def test_improving_means_that_the_interval_excludes_zero_on_the_good_side(
    metric: str, low: float, high: float, expected: str
) -> None:
    assert outcome(gate("must", metric=metric), low, high) == expected


@pytest.mark.parametrize(
    ("metric", "low", "high", "expected"),
    [
        ("accuracy", -0.03, 0.02, "met"),
        ("accuracy", -0.030000000000001, 0.02, "undecided"),
        ("accuracy", -0.1, -0.03, "undecided"),
        ("accuracy", -0.1, -0.030000000000001, "not met"),
        ("kl_mean", -0.2, 0.03, "met"),
        ("kl_mean", -0.2, 0.030000000000001, "undecided"),
        ("kl_mean", 0.030000000000001, 0.2, "not met"),
    ],
)
def test_a_drop_is_judged_at_its_limit_without_rounding(
    metric: str, low: float, high: float, expected: str
) -> None:
    assert outcome(gate("max_drop", 0.03, metric), low, high) == expected


@pytest.mark.parametrize(("rule", "limit"), [("max_drop", 0.0), ("must", 0.0)])
def test_three_answers_that_got_worse_of_twenty_may_be_chance(rule: str, limit: float) -> None:
    """Tango's bound excludes zero after three losses; McNemar's exact test has p = 0.25."""
    targets = ["a"] * 20
    compared = compare_cells(
        METRICS["accuracy"],
        classified(targets, targets),
        classified(targets, ["b"] * 3 + ["a"] * 17),
        0,
    )
    assert compared.one_sided_high is not None and compared.one_sided_high < 0
    found = judge(gate(rule, limit), Evidence(compared))
    assert found.outcome == "undecided"
    assert rule == "must" or "may be chance (p = 0.25)" in found.reason


def test_a_reason_never_rounds_a_missed_limit_into_a_kept_one() -> None:
    found = judge(gate("max_drop", 0.03), Evidence(difference(-0.2, -0.03000001)))
    assert "at least 3.000001 pp, more than the 3 pp that is allowed" in found.reason


def test_the_drop_is_judged_on_the_one_sided_bound() -> None:
    made = PairedDifference("accuracy", 0.9, 0.89, -0.01, -0.035, 0.015, -0.029, 0.009, n=200)
    assert judge(gate("max_drop", 0.03), Evidence(made)).outcome == "met"


@pytest.mark.parametrize(
    ("rule", "limit", "value", "expected"),
    [
        ("min", 0.8, Value(value=0.9, low=0.8, high=0.95), "met"),
        ("min", 0.8, Value(value=0.9, low=0.7999999, high=0.95), "undecided"),
        ("min", 0.96, Value(value=0.9, low=0.8, high=0.95), "not met"),
        ("max", 0.2, Value(value=0.1, low=0.05, high=0.2), "met"),
        ("max", 0.2, Value(value=0.1, low=0.05, high=0.2000001), "undecided"),
        ("max", 0.04, Value(value=0.1, low=0.05, high=0.2), "not met"),
        ("min", 0.1, Value(value=None), "not met"),
        ("min", 0.1, Value(value=0.9), "undecided"),
    ],
)
def test_a_limit_is_judged_on_the_bounds(
    rule: str, limit: float, value: Value, expected: str
) -> None:
    assert judge(gate(rule, limit), Evidence(value=value, n=100)).outcome == expected


def test_what_was_measured_once_is_judged_on_itself() -> None:
    evidence = Evidence(compare_values("peak_bytes", 1000.0, 900.0), value=Value(value=900.0))
    for rule, limit in (("max_drop", 0), ("must", 0), ("max", 900)):
        assert judge(gate(rule, limit, "peak_bytes"), evidence).outcome == "met"
    assert judge(gate("max", 899.5, "peak_bytes"), evidence).outcome == "not met"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.9, 1.1, "met"), (0.9, 1.11, "undecided"), (1.11, 1.3, "not met")],
)
def test_a_slowdown_is_a_ratio_judged_on_its_bounds(low: float, high: float, expected: str) -> None:
    ends = Interval(math.log(low), math.log(high))
    slower = Welch(math.log(math.sqrt(low * high)), ends, ends, 0.5, 0.05, 3)
    asked = gate("max_slowdown", 1.1, "decode_tokens_per_second")
    found = judge(asked, Evidence(slower=slower))
    assert found.outcome == expected
    assert found.value == pytest.approx(math.sqrt(low * high))
    assert "3 rounds" in found.reason


def test_a_failed_cell_does_not_pass_and_says_why() -> None:
    evidence = Evidence(failure="The cell q4 / sentiment failed: out of memory.")
    for rule in ("must", "max_drop", "max_slowdown", "min", "max"):
        found = judge(gate(rule, 1.0, undecided_passes=True), evidence)
        assert found.outcome == "not met" and not found.passed
        assert found.reason == "The cell q4 / sentiment failed: out of memory."


def test_a_comparison_without_a_difference_does_not_pass_and_says_why() -> None:
    evidence = Evidence(PairedDifference("accuracy", reason="Not the same examples."))
    assert judge(gate("max_drop", 1), evidence).reason == "Not the same examples."
    assert not judge(gate("max_drop", 1), Evidence()).passed


@pytest.mark.parametrize("passes", [False, True])
def test_the_suite_says_whether_an_undecided_gate_passes(passes: bool) -> None:
    found = judge(gate("max_drop", 0.03, undecided_passes=passes), Evidence(difference(-0.1, 0.1)))
    assert found.outcome == "undecided" and found.passed is passes


def test_an_undecided_gate_says_how_many_examples_would_do() -> None:
    few = classified(["a"] * 40, ["a"] * 40)
    found = judge(gate("max_drop", 0.03), Evidence(compare_cells(METRICS["accuracy"], few, few, 0)))
    assert found.outcome == "undecided"
    assert found.needed is not None and found.needed > 40
    assert f"{found.needed:,} examples would tell a model that has not changed" in found.reason


@pytest.mark.parametrize("metric", ["accuracy", "rougeL"])
@pytest.mark.parametrize(("n", "expected"), [(3, "undecided"), (200, "met")])
def test_equal_answers_are_worth_what_their_number_is(metric: str, n: int, expected: str) -> None:
    same = classified(["a"] * n, ["a"] * n) if metric == "accuracy" else summarized([0.3] * n)
    compared = compare_cells(METRICS[metric], same, same, 0)
    assert judge(gate("max_drop", 0.03, metric), Evidence(compared)).outcome == expected


def test_a_rising_divergence_misses_its_gate() -> None:
    rng = np.random.default_rng(0)
    compared = compare_cells(METRICS["kl_mean"], diverged(rng, 60, 0.01), diverged(rng, 60, 0.2), 0)
    found: GateVerdict = judge(gate("max_drop", 0.05, "kl_mean"), Evidence(compared))
    assert found.outcome == "not met"
    assert found.rule == "must not rise by more than 0.05 nats"
    assert found.reason.startswith("Mean KL divergence changed by +0.1")


@pytest.mark.parametrize(
    ("metric", "low", "high", "words"),
    [
        ("accuracy", 0.0002, 0.0740, "changed by +3.71 pp (n = 200)"),
        ("accuracy", -0.1, 0.1, "changed by 0.00 pp (n = 200)"),
        ("accuracy", -0.16, -0.00544, "changed by −8.27 pp (n = 200)"),
        ("kl_mean", 1e-7, 3e-7, "changed by +0.00000020 nats (n = 200)"),
        ("ttft_seconds", 0.01, 0.03, "changed by +20.000 ms (200 rounds)"),
        ("perplexity", 1000.0, 1468.0, "changed by +1,234.000 (n = 200)"),
    ],
)
def test_all_figures_of_a_metric_are_printed_alike(
    metric: str, low: float, high: float, words: str
) -> None:
    found = judge(gate("must", metric=metric), Evidence(difference(low, high, metric)))
    assert words in found.reason


@pytest.mark.parametrize(
    ("rule", "metric", "limit", "words"),
    [
        ("max_drop", "accuracy", 0.03, "must not drop by more than 3 pp"),
        ("max_drop", "accuracy", 0.07, "must not drop by more than 7 pp"),
        ("min", "accuracy", 0.8, "must be at least 80%"),
        ("max", "kl_mean", 0.1, "must be at most 0.1 nats"),
        ("max", "ttft_seconds", 0.25, "must be at most 250 ms"),
        ("max_drop", "rougeL", 0.03, "must not drop by more than 0.03"),
        ("max_slowdown", "decode_tokens_per_second", 1.1, "must be at most 1.1 times as slow"),
    ],
)
def test_a_rule_and_its_reason_speak_of_a_metric_as_reports_do(
    rule: str, metric: str, limit: float, words: str
) -> None:
    asked = gate(rule, limit, metric)
    assert asked.words == words
    value = Value(value=limit * 1.1, low=limit * 1.05, high=limit * 1.2)
    if rule in ("min", "max"):
        reason = judge(asked, Evidence(value=value, n=100)).reason
        assert f"the limit of {words.split()[-1 if words.endswith('%') else -2]}" in reason
