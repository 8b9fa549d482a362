"""Figures of the card: percent and percentage points, bounds that are never flattered."""

from __future__ import annotations

import pytest

from harness.metrics.registry import METRICS
from harness.records import Value
from harness.reporting.answer.figures import bound_words, change_words, value_words
from harness.reporting.answer.record import Bound
from tests.reporting.rows import row


@pytest.mark.parametrize(
    ("metric", "loss", "said"),
    [
        ("accuracy", 0.012611, "loses at most 1.27 pp (95%)"),
        ("accuracy", 0.0126, "loses at most 1.26 pp (95%)"),
        ("accuracy", -0.04618, "gains at least 4.61 pp (95%)"),
        ("rougeL", 0.01301, "loses at most 0.0131 (95%)"),
        ("perplexity", 0.1201, "loses at most 0.121 (95%)"),
    ],
)
def test_a_bound_is_never_rounded_to_the_better(metric: str, loss: float, said: str) -> None:
    assert bound_words(METRICS[metric], Bound(loss, 0.95, one_sided=True)) == said


def test_a_bound_says_its_level_and_its_margin() -> None:
    of = METRICS["accuracy"]
    paired = bound_words(of, Bound(0.01, 0.99, one_sided=False))
    assert paired == "loses at most 1.00 pp (99% interval)"
    gated = bound_words(of, Bound(0.01, 0.95, one_sided=True, margin=0.03))
    assert gated == "loses at most 1.00 pp (95%), margin 3.0 pp"


def test_shares_are_said_in_percent_and_their_differences_in_points() -> None:
    of = METRICS["accuracy"]
    assert value_words(of, Value(value=0.798, low=0.764, high=0.828)) == "79.8% [76.4, 82.8]"
    assert change_words(of, row()) == "+10.0 pp [+4.0, +16.0]"


def test_other_figures_keep_their_unit() -> None:
    value = Value(value=604.0, low=580.0, high=628.0)
    assert value_words(METRICS["decode_tokens_per_second"], value) == "604 tokens/s [580, 628]"
    assert value_words(METRICS["rougeL"], Value(value=0.215)) == "0.215"


def test_a_perplexity_ratio_is_said_as_a_change_in_percent() -> None:
    of = row(metric="perplexity_ratio", delta=0.011, low=0.007, high=0.015)
    assert change_words(METRICS["perplexity_ratio"], of) == "+1.1% [+0.7, +1.5]"
