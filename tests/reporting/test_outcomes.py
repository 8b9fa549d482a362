"""One rule for one difference: what its interval, its ratio and its test entitle a reader to say."""

from __future__ import annotations

from typing import Any

import pytest

from harness.metrics.registry import METRICS
from harness.reporting.outcomes import VERDICTS, Conclusion, in_words, judge, outcome
from tests.reporting.fixture import quickstart
from tests.reporting.rows import row

FASTER: dict[str, Any] = {
    "task": "speed", "metric": "decode_tokens_per_second", "baseline": "lora-f16",
    "candidate": "lora-q8", "delta": 100.0, "low": 20.0, "high": 180.0, "ratio": 1.5,
    "ratio_low": 1.2, "ratio_high": 1.9, "n": 3,
}  # fmt: skip


def test_a_metric_where_lower_is_better_turns_the_judgement_round() -> None:
    worse = row(metric="unparsed", delta=0.1, low=0.05, high=0.15)
    assert outcome(METRICS[worse.metric], worse, 0.95) is Conclusion.WORSE


@pytest.mark.parametrize("metric", ["kl_mean", "kl_p99", "same_top1"])
def test_divergence_is_never_called_better_or_worse(metric: str) -> None:
    assert outcome(METRICS[metric], row(task="fidelity", metric=metric), 0.95) is Conclusion.CHANGED


def test_an_interval_that_ends_at_zero_shows_nothing() -> None:
    assert outcome(METRICS["accuracy"], row(low=0.0), 0.95) is Conclusion.NOT_SHOWN


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, Conclusion.BETTER),
        ({"ratio_low": 0.9}, Conclusion.NOT_SHOWN),
        ({"low": -3.0}, Conclusion.NOT_SHOWN),
        ({"p_adjusted": 0.2}, Conclusion.TENTATIVE),
        ({"ratio": 0.7, "ratio_low": 0.5, "ratio_high": 0.9}, Conclusion.NOT_SHOWN),
        (
            {"delta": -100.0, "low": -180.0, "high": -20.0, "ratio": 0.7, "ratio_low": 0.5,
             "ratio_high": 0.9},
            Conclusion.WORSE,
        ),
    ],
)  # fmt: skip
def test_a_difference_in_speed_takes_interval_ratio_and_test(
    changes: dict[str, Any], found: Conclusion
) -> None:
    of = row(**{**FASTER, **changes})
    assert outcome(METRICS[of.metric], of, 0.95) is found


def test_a_wait_that_grows_shorter_is_faster() -> None:
    of = row(**FASTER | {"metric": "ttft_seconds", "delta": -0.1, "low": -0.2, "high": -0.05})
    assert outcome(METRICS[of.metric], of, 0.95) is Conclusion.BETTER


def test_a_doubt_about_a_timing_stands_at_its_conclusion() -> None:
    timed, other = judge(quickstart(), [row(**FASTER | {"candidate": "lora-q4"}), row(**FASTER)])
    assert timed.conclusion.text == "▲ better"
    assert timed.conclusion.detail == "⚠ lora-q4: decode varied by 7.1% (CV)"
    assert timed.conclusion.tone == "unsure" and other.conclusion.detail == ""


def test_every_conclusion_has_words_and_a_sign() -> None:
    assert set(VERDICTS) == set(Conclusion)
    assert in_words(Conclusion.NOT_SHOWN) == "inconclusive"
    assert in_words(Conclusion.TENTATIVE) == "not significant after correction"
