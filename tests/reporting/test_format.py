"""Numbers as a reader meets them: digits, units, and no rounding that turns a claim round."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.metrics.registry import METRICS
from harness.records import Comparison, Value
from harness.reporting.format import (
    clean,
    clip,
    decimals_for,
    duration,
    fixed,
    moment,
    probability,
    scientific,
    sentence,
    share,
)
from harness.reporting.measures import difference, figure


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 s"), (0.42, "0.420 s"), (31.4, "31 s"), (213.4, "3 min 33 s"), (7500, "2 h 5 min")],
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("part", "text"),
    [(1.0, "100%"), (0.9997, "99.97%"), (0.99996, "99.996%"), (0.53, "53%"), (0.0004, "0.04%")],
)
def test_a_share_is_rounded_neither_to_all_nor_to_nothing(part: float, text: str) -> None:
    assert share(part) == text


def test_negative_numbers_have_a_true_minus_and_zero_has_no_sign() -> None:
    assert fixed(-0.035, 3) == "−0.035"
    assert fixed(-0.0001, 3) == "0.000"
    assert fixed(0.2, 3, signed=True) == "+0.200"
    assert fixed(12345.6, 0) == "12,346"


def test_small_numbers_are_powers_of_ten() -> None:
    assert scientific(3.1e-6) == "3.1e−6"
    assert scientific(-3.1e-6, signed=True) == "−3.1e−6"


def test_p_values_below_a_thousandth_are_only_said_to_be_so() -> None:
    assert probability(0.00012) == "< 0.001"
    assert probability(0.0412) == "0.041"


@given(st.floats(min_value=1e-6, max_value=1.0))
def test_no_number_that_is_not_zero_is_printed_as_zero(value: float) -> None:
    assert float(fixed(value, decimals_for([value], 3))) > 0


def test_an_interval_end_just_above_zero_stays_above_zero() -> None:
    row = Comparison(
        name="c", task="t", metric="accuracy", baseline="a", candidate="b",
        delta=0.03, low=0.0004, high=0.06,
    )  # fmt: skip
    assert difference(METRICS[row.metric], row).detail == "[+0.0004, +0.0600]"


def test_a_value_stands_beside_its_interval() -> None:
    shown = figure(METRICS["accuracy"], Value(value=0.905, low=0.856, high=0.938))
    assert (shown.text, shown.detail) == ("0.905", "[0.856, 0.938]")


@pytest.mark.parametrize(
    "value", [None, Value(value=None), Value.model_construct(value=float("nan"))]
)
def test_what_is_not_there_is_a_dash(value: Value | None) -> None:
    assert figure(METRICS["accuracy"], value).text == "–"


def test_memory_is_written_with_its_unit() -> None:
    assert figure(METRICS["peak_bytes"], Value(value=2.29e8)).text == "229 MB"


def test_control_characters_vanish_and_line_breaks_become_spaces() -> None:
    assert clean("a\x07b\n\u202ec\u2028d") == "ab c d"


@given(st.text(), st.integers(min_value=5, max_value=40))
def test_clipped_text_fits(text: str, length: int) -> None:
    assert len(clip(text, length)) <= length


def test_clipping_keeps_both_ends() -> None:
    assert clip("a" * 30 + "-q4", 10).endswith("-q4")


def test_moments_and_sentences_are_made_readable() -> None:
    assert moment("2026-11-21T05:00:00+00:00") == "2026-11-21 05:00 UTC"
    assert moment("yesterday") == "yesterday"
    assert (sentence("Why?"), sentence("So it is")) == ("Why?", "So it is.")
