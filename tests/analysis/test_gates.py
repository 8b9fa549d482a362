from __future__ import annotations

import numpy as np
import pytest

from harness.analysis.gates import GateEvidence, GateRule, judge
from harness.analysis.paired import PairedDifference, compare_cells, compare_values
from harness.records import GateVerdict, Value

from .samples import classified, diverged


def verdict(rule: GateRule, evidence: GateEvidence, metric: str = "accuracy") -> GateVerdict:
    return judge("quantization", "sentiment", metric, "f16", "q4", rule, evidence)


def difference(low: float, high: float, metric: str = "accuracy") -> PairedDifference:
    """All bounds given alike, the point between them."""
    middle = (low + high) / 2
    return PairedDifference(metric, 0.9, 0.9 + middle, middle, low, high, low, high, 0.5, 1, 1, 200)


def judged(rule: GateRule, low: float, high: float, metric: str = "accuracy") -> bool:
    return verdict(rule, GateEvidence(difference(low, high, metric)), metric).passed


def test_improving_means_that_the_interval_excludes_zero_on_the_good_side() -> None:
    rule = GateRule(must="improve")
    assert judged(rule, 1e-9, 0.1)
    assert not judged(rule, 0.0, 0.1)
    assert not judged(rule, -0.1, -0.05)
    assert judged(rule, -0.1, -1e-9, "kl_mean")
    assert not judged(rule, -0.1, 0.0, "kl_mean")


def test_a_drop_is_judged_at_its_limit_without_rounding() -> None:
    rule = GateRule(max_drop=0.03)
    assert judged(rule, -0.03, 0.02)
    assert not judged(rule, -0.030000000000001, 0.02)
    assert judged(rule, -0.2, 0.03, "kl_mean")
    assert not judged(rule, -0.2, 0.030000000000001, "kl_mean")


def test_a_reason_never_rounds_a_missed_limit_into_a_kept_one() -> None:
    missed = GateEvidence(difference(-0.03000001, 0.0))
    found = verdict(GateRule(max_drop=0.03), missed)
    assert "0.03000001, more than the 0.03 that is allowed" in found.reason


def test_the_drop_is_judged_on_the_one_sided_bound() -> None:
    evidence = GateEvidence(
        PairedDifference("accuracy", 0.9, 0.89, -0.01, -0.035, 0.015, -0.029, 0.009, n=200)
    )
    assert verdict(GateRule(max_drop=0.03), evidence).passed


@pytest.mark.parametrize(
    ("rule", "value", "passed"),
    [
        (GateRule(min=0.8), Value(value=0.9, low=0.8, high=0.95), True),
        (GateRule(min=0.8), Value(value=0.9, low=0.7999999, high=0.95), False),
        (GateRule(max=0.2), Value(value=0.1, low=0.05, high=0.2), True),
        (GateRule(max=0.2), Value(value=0.1, low=0.05, high=0.2000001), False),
        (GateRule(min=0.1), Value(value=None), False),
        (GateRule(min=0.1), Value(value=0.9), False),
    ],
)
def test_a_limit_is_judged_on_the_near_bound(rule: GateRule, value: Value, passed: bool) -> None:
    assert verdict(rule, GateEvidence(value=value)).passed is passed


def test_what_was_measured_once_is_judged_on_itself() -> None:
    evidence = GateEvidence(compare_values("peak_bytes", 1000.0, 900.0), Value(value=900.0))
    assert verdict(GateRule(max_drop=0, must="improve", max=900), evidence, "peak_bytes").passed
    assert not verdict(GateRule(max=899.5), evidence, "peak_bytes").passed


def test_every_part_of_a_rule_has_to_hold() -> None:
    evidence = GateEvidence(difference(0.01, 0.05), Value(value=0.9, low=0.85, high=0.95))
    both = verdict(GateRule(must="improve", min=0.8), evidence)
    assert both.passed and both.rule == "must improve and must be at least 0.8"
    one = verdict(GateRule(must="improve", min=0.88), evidence)
    assert not one.passed and "0.85" in one.reason and "interval" not in one.reason


def test_a_failed_cell_does_not_pass_and_says_why() -> None:
    evidence = GateEvidence(failure="The cell q4 / sentiment failed: out of memory.")
    for rule in (GateRule(must="improve"), GateRule(max_drop=1), GateRule(min=0), GateRule(max=1)):
        found = verdict(rule, evidence)
        assert not found.passed
        assert found.reason == "The cell q4 / sentiment failed: out of memory."


def test_a_comparison_without_a_difference_does_not_pass_and_says_why() -> None:
    evidence = GateEvidence(PairedDifference("accuracy", reason="Not the same examples."))
    assert verdict(GateRule(max_drop=1), evidence).reason == "Not the same examples."
    assert not verdict(GateRule(max_drop=1), GateEvidence()).passed
    assert not verdict(GateRule(), GateEvidence(difference(0.1, 0.2))).passed


def test_too_few_examples_for_an_interval_do_not_pass() -> None:
    evidence = GateEvidence(PairedDifference("rougeL", 0.1, 0.2, 0.1, n=1))
    found = verdict(GateRule(max_drop=0.5), evidence, "rougeL")
    assert not found.passed and "too few" in found.reason


def test_three_equal_answers_do_not_prove_that_nothing_was_lost() -> None:
    few = classified(["a"] * 3, ["a"] * 3)
    many = classified(["a"] * 200, ["a"] * 200)
    rule = GateRule(max_drop=0.03)
    assert not verdict(rule, GateEvidence(compare_cells("accuracy", few, few, 0))).passed
    assert verdict(rule, GateEvidence(compare_cells("accuracy", many, many, 0))).passed


def test_a_rising_divergence_misses_its_gate() -> None:
    rng = np.random.default_rng(0)
    compared = compare_cells("kl_mean", diverged(rng, 60, 0.01), diverged(rng, 60, 0.2), 0)
    found = verdict(GateRule(max_drop=0.05), GateEvidence(compared), "kl_mean")
    assert not found.passed
    assert found.rule == "must not rise by more than 0.05"
    assert found.reason.startswith("Mean KL divergence changed by +0.1")
